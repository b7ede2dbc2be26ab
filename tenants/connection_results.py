"""What a test sign-in has shown, as it is kept and told: claims with their use, and what becomes of the person. Pure.

A result is plain JSON, redacted where it was read (no token, no one-time value); sentences are for admins.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from tenants.arrivals import EmailClaims, EmailProof
from tenants.reasons import Reason
from tenants.routing_domains import DomainRule, find_rule

MAX_CLAIMS = 100
MAX_VALUE = 300
NOT_SENT = "not sent"
_EXPECTED = ("subject", "email", "groups")
"""What is told to be missing, where the connection names a claim for it."""
USES = {
    "subject": "who it is",
    "issuer": "who says it",
    "directories": "whose directory it is",
    "email": "e-mail address",
    "email_evidence": "proof of the e-mail address",
    "given_name": "given name",
    "family_name": "family name",
    "display_name": "full name",
    "position": "position",
    "phone": "telephone",
    "groups": "groups",
    "acr": "second factor",
    "amr": "second factor",
    "auth_time": "time of the sign-in",
    "": "not used",
}


@dataclass(frozen=True, slots=True)
class ClaimLine:
    """One thing that the provider sent. `use`: the field of the record that it fills; empty: none."""

    name: str
    value: str
    use: str = ""

    @property
    def taken_as(self) -> str:
        """In words."""
        return USES.get(self.use, self.use)


@dataclass(frozen=True, slots=True)
class Result:
    """Everything that is shown of a test."""

    act: str
    """What would happen: an ArrivalAct, or `failed` where nothing came back that could be believed."""
    detail: str = ""
    issuer: str = ""
    subject: str = ""
    email: str = ""
    name: str = ""
    account: str = ""
    """Address of the account that it is about; empty: none is there."""
    claims: tuple[ClaimLine, ...] = ()
    reasons: tuple[str, ...] = ()
    """Of who may enter, step by step."""
    proof: str = ""
    proof_reason: str = ""
    groups: tuple[str, ...] = ()
    """Which rule took which group."""
    given: tuple[str, ...] = ()
    """The groups that they come to."""
    role: str = ""
    factor: str = ""
    reference: str = ""
    more: Mapping[str, str] = field(default_factory=dict)
    """What the provider said of its refusal: its own code, its words."""

    def as_json(self) -> dict[str, Any]:
        """How it stands in the row."""
        return {name: value for name, value in json.loads(json.dumps(asdict(self))).items() if value}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Result":
        """Read one back."""
        lists = {name: tuple(value.get(name, ())) for name in ("reasons", "groups", "given")}
        claims = tuple(ClaimLine(**one) for one in value.get("claims", ()))
        return cls(**{"act": "", **value, **lists, "claims": claims})


def claim_lines(raw: Mapping[str, Any], reads: Mapping[str, str]) -> tuple[ClaimLine, ...]:
    """What was sent in its order, then what a sign-in would have read and was not there."""
    attributes = raw.get("attributes")
    sent = dict(raw)
    if isinstance(attributes, Mapping):
        # SAML's attributes stand under one name; everything else is flat already.
        sent = {name: value for name, value in raw.items() if name != "attributes"} | dict(attributes)
    lines = [ClaimLine(name, _text(value), reads.get(name, "")) for name, value in list(sent.items())[:MAX_CLAIMS]]
    missing = [name for name, use in reads.items() if use in _EXPECTED and name not in sent]
    return (*lines, *(ClaimLine(name, NOT_SENT, reads[name]) for name in missing))


def explain_proof(claims: EmailClaims, proof: EmailProof, rules: tuple[DomainRule, ...]) -> Reason:
    """Why an address is believed as far as it is. What it is was decided in tenants/arrivals.py."""
    if claims.address is None:
        return Reason("proof_no_address", "No e-mail address came that could be read.")
    if proof is EmailProof.NONE:
        return Reason("proof_denied", "The identity provider says that it has not verified the address.")
    rule = find_rule(claims.address.domain, rules)
    domain = claims.address.domain
    is_bound = rule is not None and rule.is_trusted and rule.connection == claims.connection
    if proof is EmailProof.DOMAIN_OWNER:
        if is_bound:
            return Reason("proof_domain", f"{domain} is proven and belongs to this connection.")
        return Reason("proof_provider", "The identity provider proves that the address is its customer's.")
    if rule is None or rule.connection != claims.connection:
        return Reason("proof_unbound", f"{domain} does not belong to this connection, so nobody vouches for the address.")
    if not rule.is_trusted:
        return Reason("proof_unproven", f"{domain} is not proven, so nobody vouches for the address.")
    return Reason("proof_unpinned", f"{domain} is proven, but the connection does not name one directory alone.")


def words_of(reasons: Sequence[Reason]) -> tuple[str, ...]:
    """The sentences of reasons."""
    return tuple(reason.sentence for reason in reasons)


def _text(value: Any) -> str:
    if isinstance(value, list | tuple) and all(isinstance(one, str | int) for one in value):
        text = ", ".join(str(one) for one in value)
    else:
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    text = "".join(letter if letter.isprintable() else " " for letter in text)
    return text if len(text) <= MAX_VALUE else f"{text[: MAX_VALUE - 1]}…"
