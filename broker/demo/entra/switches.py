"""What the simulated Entra can be told to do instead of signing the person in."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from broker.demo.places import OTHER_DIRECTORY, PERSONAL_DIRECTORY


@dataclass(frozen=True, slots=True)
class Switch:
    """One behaviour: an error instead of a code (`error`), other claims (`claims`), or a token request unanswered."""

    key: str
    label: str
    error: str = ""
    number: int = 0
    """Of the AADSTS code."""
    sentence: str = ""
    claims: Mapping[str, Any] = field(default_factory=dict)
    """Put over the claims that the person would have had."""
    is_silent: bool = False
    """The token endpoint closes the connection without an answer."""


_STS = "https://sts.windows.net"

SWITCHES = (
    Switch("normal", "Sign in normally"),
    Switch(
        "refuse",
        "The person refuses",
        "access_denied",
        65004,
        "User declined to consent to access the app.",
    ),
    Switch(
        "no_consent",
        "Nobody has consented yet",
        "consent_required",
        65001,
        "The user or administrator has not consented to use the application.",
    ),
    Switch(
        "admin_consent",
        "An admin has to consent",
        "access_denied",
        90094,
        "An administrator of the directory must grant consent first.",
    ),
    Switch(
        "not_assigned",
        "The person is not assigned",
        "access_denied",
        50105,
        "The signed in user is not assigned to a role for the application.",
    ),
    Switch(
        "blocked",
        "The account is blocked",
        "access_denied",
        50057,
        "The user account is disabled.",
    ),
    Switch(
        "conditional_access",
        "Conditional access says no",
        "access_denied",
        53003,
        "Access has been blocked by Conditional Access policies.",
    ),
    Switch(
        "unavailable",
        "Microsoft is out of order",
        "temporarily_unavailable",
        90033,
        "A transient error has occurred. Please try again.",
    ),
    Switch("wrong_directory", "Token of another directory", claims={"tid": OTHER_DIRECTORY}),
    Switch("personal", "A personal account", claims={"tid": PERSONAL_DIRECTORY}),
    Switch("guest", "As a guest", claims={"idp": f"{_STS}/{OTHER_DIRECTORY}/"}),
    Switch("unverified", "The address is not verified (try it with Lin)", claims={"xms_edov": False}),
    Switch("no_answer", "No answer to the token request", is_silent=True),
)
_BY_KEY = {switch.key: switch for switch in SWITCHES}


def find_switch(key: str) -> Switch | None:
    return _BY_KEY.get(key)
