"""Classes of authentication: what a session may be said to be, from what really happened (security.md, SD-08). Pure."""

from collections.abc import Collection, Sequence

from broker.session import Proof

_CLASSES = "urn:oasis:names:tc:SAML:2.0:ac:classes:"
UNSPECIFIED = f"{_CLASSES}unspecified"
PASSWORD = f"{_CLASSES}Password"
PROTECTED_PASSWORD = f"{_CLASSES}PasswordProtectedTransport"
REFEDS_MFA = "https://refeds.org/profile/mfa"
_RANKS = {UNSPECIFIED: 0, PASSWORD: 1, PROTECTED_PASSWORD: 2, REFEDS_MFA: 3}
"""The order of those that can be compared (Core, 3.3.2.2.1)."""


def classes_of(proofs: Collection[Proof], *, has_two_factors: bool, is_https: bool) -> tuple[str, ...]:
    """What may be said of a session with these proofs, the strongest first.

    A class that an identity provider gave is passed on where it is one of SAML's; it never makes a second factor of one.
    """
    held: dict[str, None] = {}
    if has_two_factors:
        held[REFEDS_MFA] = None
    if any(proof.method == "pwd" for proof in proofs):
        if is_https:
            held[PROTECTED_PASSWORD] = None
        held[PASSWORD] = None
    for proof in proofs:
        if proof.method == "fed" and proof.acr and proof.acr.startswith(_CLASSES):
            held[proof.acr] = None
    held[UNSPECIFIED] = None
    return tuple(held)


def met(held: Sequence[str], wanted: Sequence[str], comparison: str) -> str | None:
    """The class that answers a RequestedAuthnContext; None: nothing that is held does. Nothing wanted: the strongest.

    Classes without a rank can be met exactly and in no other way.
    """
    if not wanted:
        return held[0]
    if comparison == "exact":
        return next((one for one in wanted if one in held), None)
    limits = [_RANKS[one] for one in wanted if one in _RANKS]
    if not limits:
        return None
    ranked = [one for one in held if one in _RANKS and _is_met(_RANKS[one], limits, comparison)]
    return max(ranked, key=lambda one: _RANKS[one], default=None)


def _is_met(rank: int, limits: Sequence[int], comparison: str) -> bool:
    if comparison == "minimum":
        return rank >= min(limits)
    return rank > max(limits) if comparison == "better" else rank <= max(limits)


def needs_factor(held: Sequence[str], wanted: Sequence[str], comparison: str) -> bool:
    """Would a second factor help?"""
    return REFEDS_MFA not in held and met((REFEDS_MFA, *held), wanted, comparison) == REFEDS_MFA
