"""The people whom simulated identity providers know."""

from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4


@dataclass(frozen=True)
class Person:
    """`claims` come on top of the usual ones, or replace them."""

    email: str = "ada@acme.example"
    given_name: str = "Ada"
    family_name: str = "Lovelace"
    subject: str = field(default_factory=lambda: uuid4().hex)
    email_verified: object = True
    groups: tuple[str, ...] = ("engineers",)
    claims: dict[str, Any] = field(default_factory=dict)

    def profile(self) -> dict[str, Any]:
        """The claims of the scopes profile and email."""
        return {
            "name": f"{self.given_name} {self.family_name}",
            "given_name": self.given_name,
            "family_name": self.family_name,
            "email": self.email,
            "email_verified": self.email_verified,
            "groups": list(self.groups),
            **self.claims,
        }
