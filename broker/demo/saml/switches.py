"""What the simulated company login can be told to do instead of signing the person in."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Literal

from broker.demo.switches import DENIED, DISTRUST, NOT_SET_UP, RULE, Switch
from tenants.causes import Cause

DISTRUSTED = "The answer of Works login can’t be trusted"


@dataclass(frozen=True, slots=True, kw_only=True)
class SamlSwitch(Switch):
    """Of a SAML identity provider: each field is one thing that can be otherwise."""

    signs_with: Literal["today", "old", "stranger", "nothing"] = "today"
    audience: str = ""
    """Whom the answer is for, instead of the one who asked."""
    clock_off: timedelta = field(default=timedelta())
    status: tuple[str, str] = ("Success", "")
    """Status code and the code below it; anything but success comes without an assertion."""
    is_replay: bool = False
    """The last answer that was given, once more."""
    has_old_id: bool = False
    """The assertion has the id of the last one."""
    is_changed: bool = False
    """Somebody put in another address after it was signed."""
    has_attributes: bool = True
    is_transient: bool = False
    """The NameID is made up anew each time."""


def _refusal(key: str, label: str, page: str, cause: Cause, subcode: str, code: str = "Responder") -> SamlSwitch:
    return SamlSwitch(key=key, label=label, page=page, cause=cause, status=(code, subcode))


def _fault(key: str, label: str, **how: object) -> SamlSwitch:
    """An answer that is not to be believed."""
    return SamlSwitch(key=key, label=label, page=DISTRUSTED, cause=DISTRUST, **how)  # type: ignore[arg-type]  # its own fields


SWITCHES = (
    SamlSwitch(key="normal", label="Sign in normally"),
    SamlSwitch(key="expired_certificate", label="Signed with a certificate that has run out", signs_with="old"),
    _fault("unknown_certificate", "Signed with a certificate that the broker does not know", signs_with="stranger"),
    _fault("unsigned", "Not signed at all", signs_with="nothing"),
    _fault("changed", "Changed after it was signed", is_changed=True),
    _fault("wrong_audience", "Meant for another service (wrong audience)", audience="https://elsewhere.example/metadata"),
    _fault("clock_ahead", "The clock is 10 minutes ahead", clock_off=timedelta(minutes=10)),
    _fault("clock_behind", "The clock is 10 minutes behind", clock_off=timedelta(minutes=-10)),
    _fault("replay", "An earlier answer is sent once more", is_replay=True),
    SamlSwitch(
        key="old_id",
        label="A new answer with the id of the last one",
        page="This answer of Works login was used before",
        cause=Cause.ASSERTION_REPLAYED,
        is_second=True,
        has_old_id=True,
    ),
    _fault("transient", "The person’s name is made up anew each time (transient)", is_transient=True),
    SamlSwitch(
        key="no_attributes",
        label="No attributes, so no address",
        page="You have no account here yet",
        cause=Cause.ACCOUNT_UNKNOWN,
        who="Luca",
        has_attributes=False,
    ),
    _refusal("failed", "Signing in there failed", "Works login didn’t let you in", DENIED, "AuthnFailed"),
    _refusal(
        "not_assigned",
        "The person is not assigned",
        "Works login says you aren’t on the list",
        Cause.UPSTREAM_NOT_ASSIGNED,
        "UnknownPrincipal",
    ),
    _refusal("policy", "The way of signing in is not good enough", RULE, Cause.UPSTREAM_POLICY_BLOCKED, "NoAuthnContext"),
    _refusal(
        "name_format",
        "It does not offer the format of names that was asked for",
        NOT_SET_UP,
        Cause.CONNECTION_MISCONFIGURED,
        "InvalidNameIDPolicy",
        "Requester",
    ),
)
