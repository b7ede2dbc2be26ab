"""What a simulated provider can be told to do, and the page at the broker that it leads to.

The start page lists them all; a test walks them all and compares.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from tenants.causes import Cause

SIGNED_IN = "Signed in"
DENIED, MISMATCH, DISTRUST = Cause.UPSTREAM_DENIED, Cause.UPSTREAM_TENANT_MISMATCH, Cause.UPSTREAM_RESPONSE_INVALID
OTHER_ORGANIZATION = "That account belongs to another organization"
RULE = "A rule of your directory stopped this sign-in"
NOT_SET_UP = "This way to sign in isn’t set up correctly"


@dataclass(frozen=True, slots=True, kw_only=True)
class Switch:
    """One behaviour."""

    key: str
    label: str
    page: str = SIGNED_IN
    """Heading of the page that it leads to."""
    cause: Cause | None = None
    """What the audit log calls it; None: the person comes in."""
    who: str = ""
    """Given name of whom to try it with; empty: anybody."""
    is_second: bool = False
    """It shows only after somebody has signed in normally: the same person, if `who` is given."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenSwitch(Switch):
    """Of an OpenID Provider: an error instead of a code, other claims, or a token request that is not answered."""

    error: str = ""
    number: int = 0
    """Of Microsoft's AADSTS code."""
    sentence: str = ""
    claims: Mapping[str, Any] = field(default_factory=dict)
    """Put over the claims that the person would have had; None leaves one out."""
    is_silent: bool = False
    """The token endpoint closes the connection without an answer."""

    @property
    def said(self) -> str:
        """The description of the error."""
        return f"AADSTS{self.number}: {self.sentence}" if self.number else self.sentence


S = TypeVar("S", bound=Switch)


def find_switch(switches: Sequence[S], key: str) -> S | None:
    return next((switch for switch in switches if switch.key == key), None)
