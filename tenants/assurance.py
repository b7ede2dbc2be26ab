"""How much an identity provider's word on a sign-in is worth: what counts as a second factor, and what was asked for.

Pure decisions on `acr`, `amr` and SAML's authentication context, taken as they came (requirements.md, R5; SF-12).
"""

from collections.abc import Collection
from enum import StrEnum

MFA = "mfa"
"""RFC 8176: more than one factor. What counts where a connection says nothing else."""

_SAML = "urn:oasis:names:tc:SAML:2.0:ac:classes:"
WORTHLESS = frozenset(
    {"", "0", "pwd", "pin", "kba", "user", "unspecified", "urn:oasis:names:tc:SAML:1.0:am:unspecified"}
    | {"urn:oasis:names:tc:SAML:1.0:am:password"}
    | {f"{_SAML}{name}" for name in ("unspecified", "Password", "PasswordProtectedTransport", "PreviousSession")}
    | {f"{_SAML}{name}" for name in ("InternetProtocol", "InternetProtocolPassword")}
)
"""Never a second factor, whatever somebody has configured: nothing said, or one thing that is known."""


class Context(StrEnum):
    """What became of the `acr` that a connection demands."""

    MET = "met"
    FACTOR_OWED = "factor_owed"
    """Only a second factor was demanded: it can be shown here as well."""
    MISSED = "missed"


def shows_factor(amr: Collection[str], acr: str | None, counted: Collection[str]) -> bool:
    """Did the provider say that a second factor was shown? Only the very values that the connection counts."""
    said = {*amr, acr or ""} - WORTHLESS
    return not said.isdisjoint(counted)


def context_of(demanded: str | None, acr: str | None, amr: Collection[str], counted: Collection[str]) -> Context:
    """`demanded`: the connection's `acr_values`, of which one has to come back (OpenID Connect Core, 2 and 3.1.2.1)."""
    wanted = frozenset((demanded or "").split())
    if not wanted or acr in wanted:
        return Context.MET
    if wanted <= frozenset(counted) - WORTHLESS:
        return Context.MET if shows_factor(amr, acr, counted) else Context.FACTOR_OWED
    return Context.MISSED
