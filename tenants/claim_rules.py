"""What one application is told beside the usual claims: rules of its own, by name, source and scope.

A rule gives a claim from what is known of a person, or a fixed text. Claims by which a token is judged are nobody's to
give (security.md, OD-08): such a name is refused in a tenants file, and left out again wherever a token is made.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Self

RESERVED = frozenset(
    {"iss", "sub", "aud", "exp", "nbf", "iat", "jti", "azp", "nonce", "at_hash", "c_hash", "s_hash", "auth_time", "acr"}
    | {"amr", "sid", "sub_jwk", "cnf", "act", "may_act", "scope", "client_id", "gid", "typ", "events", "active"}
)
"""Claims by which a token is judged: no attribute of a person may carry such a name (security.md, OD-08)."""

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_:./-]{0,199}")


class Source(StrEnum):
    """What of a person a claim can be made from."""

    ACCOUNT_ID = "account_id"
    EMAIL = "email"
    EMAIL_LOCAL_PART = "email_local_part"
    NAME = "name"
    GIVEN_NAME = "given_name"
    FAMILY_NAME = "family_name"
    ORGANIZATION = "organization"
    ORGANIZATION_NAME = "organization_name"
    TENANT = "tenant"
    TENANT_NAME = "tenant_name"
    GROUPS = "groups"
    ROLE = "role"


@dataclass(frozen=True, slots=True)
class ClaimRule:
    """One claim: from `source`, or the fixed text `value`; told where `scope` was granted, in the ID token as well or not."""

    name: str
    source: str | None
    value: str | None
    scope: str
    is_in_id_token: bool = False

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> Self:
        """As a row holds it."""
        return cls(
            str(stored["name"]),
            stored.get("from"),
            stored.get("value"),
            str(stored.get("scope", "openid")),
            bool(stored.get("id_token", False)),
        )

    def as_json(self) -> dict[str, Any]:
        """As a row holds it."""
        known = {"name": self.name, "from": self.source, "value": self.value, "scope": self.scope}
        return {name: value for name, value in known.items() if value is not None} | {"id_token": self.is_in_id_token}


def check_claim_name(text: str) -> str:
    """The name itself. Raises ValueError with a sentence."""
    if not _NAME.fullmatch(text):
        raise ValueError("must be the name of a claim: letters, digits and _ : . / -, a letter first.")
    if text in RESERVED:
        raise ValueError("is a claim by which tokens are judged; choose another name.")
    return text
