"""What the simulated Entra can be told to do instead of signing the person in."""

from broker.demo.places import OTHER_DIRECTORY, PERSONAL_DIRECTORY
from broker.demo.switches import DENIED, MISMATCH, OTHER_ORGANIZATION, RULE, TokenSwitch
from tenants.causes import Cause

_STS = "https://sts.windows.net"

SWITCHES = (
    TokenSwitch(key="normal", label="Sign in normally"),
    TokenSwitch(key="two_factors", label="Say that a second factor was shown", claims={"amr": ["pwd", "mfa"]}),
    TokenSwitch(
        key="refuse",
        label="The person refuses",
        page="Microsoft didn’t let you in",
        cause=DENIED,
        error="access_denied",
        number=65004,
        sentence="User declined to consent to access the app.",
    ),
    TokenSwitch(
        key="no_consent",
        label="Nobody has consented yet",
        page="Microsoft needs an approval first",
        cause=Cause.CONSENT_MISSING,
        error="consent_required",
        number=65001,
        sentence="The user or administrator has not consented to use the application.",
    ),
    TokenSwitch(
        key="admin_consent",
        label="An admin has to consent",
        page="Microsoft needs an approval first",
        cause=Cause.CONSENT_MISSING,
        error="access_denied",
        number=90094,
        sentence="An administrator of the directory must grant consent first.",
    ),
    TokenSwitch(
        key="not_assigned",
        label="The person is not assigned",
        page="Microsoft says you aren’t on the list",
        cause=Cause.UPSTREAM_NOT_ASSIGNED,
        error="access_denied",
        number=50105,
        sentence="The signed in user is not assigned to a role for the application.",
    ),
    TokenSwitch(
        key="blocked",
        label="The account is blocked",
        page="Microsoft has blocked this account",
        cause=Cause.UPSTREAM_ACCOUNT_BLOCKED,
        error="access_denied",
        number=50057,
        sentence="The user account is disabled.",
    ),
    TokenSwitch(
        key="conditional_access",
        label="Conditional access says no",
        page=RULE,
        cause=Cause.UPSTREAM_POLICY_BLOCKED,
        error="access_denied",
        number=53003,
        sentence="Access has been blocked by Conditional Access policies.",
    ),
    TokenSwitch(
        key="unavailable",
        label="Microsoft is out of order",
        page="Microsoft doesn’t answer",
        cause=Cause.UPSTREAM_UNREACHABLE,
        error="temporarily_unavailable",
        number=90033,
        sentence="A transient error has occurred. Please try again.",
    ),
    TokenSwitch(
        key="wrong_directory",
        label="Token of another directory",
        page=OTHER_ORGANIZATION,
        cause=MISMATCH,
        claims={"tid": OTHER_DIRECTORY},
    ),
    TokenSwitch(
        key="personal",
        label="A personal account",
        page="That is a personal account",
        cause=MISMATCH,
        claims={"tid": PERSONAL_DIRECTORY},
    ),
    TokenSwitch(
        key="guest",
        label="As a guest",
        page="You’re a guest in that directory",
        cause=MISMATCH,
        claims={"idp": f"{_STS}/{OTHER_DIRECTORY}/"},
    ),
    TokenSwitch(
        key="unverified",
        label="The address is not verified",
        page="Your address isn’t confirmed",
        cause=Cause.EMAIL_UNVERIFIED,
        who="Lin",
        claims={"xms_edov": False},
    ),
    TokenSwitch(
        key="no_answer",
        label="No answer to the token request",
        page="Microsoft doesn’t answer",
        cause=Cause.UPSTREAM_UNREACHABLE,
        is_silent=True,
    ),
)
