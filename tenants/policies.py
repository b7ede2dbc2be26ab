"""What a tenant's policy decides: who is admitted, when a second factor is asked. Values in, reasoned values out."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from tenants.accounts import AccountState
from tenants.addresses import Address
from tenants.audiences import Entitlements
from tenants.causes import Cause
from tenants.ends import effective_state as effective_state  # asked of policy by others too
from tenants.factor_demands import ApplicationFacts as ApplicationFacts  # admission's own, in a file of its own
from tenants.factor_demands import FactorDemand as FactorDemand
from tenants.factor_demands import SignInFacts as SignInFacts
from tenants.factor_demands import factor_demand as factor_demand
from tenants.password_policies import PasswordRules, contradictions, deviations, password_policy
from tenants.passwords import PasswordPolicy
from tenants.reasons import Reason
from tenants.routing_domains import DomainRule, find_rule, is_domain_allowed
from tenants.ways import LOCAL, SignInPage

PartMatter = Literal["passwords", "factors", "sessions", "life", "disclosure"]


class TenantPolicy(BaseModel):
    """What an admin may set for the whole tenant. Local sign-in always asks for a second factor: there is no field."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    sign_in_page: SignInPage = Field(
        title="What the sign-in page asks first",
        default="both",
        description="The e-mail address, a button, or either.",
    )
    local_enabled: bool = Field(
        title="E-mail and password",
        default=False,
        description="Whether people may sign in with e-mail and password, if their account may as well.",
    )
    password: Literal["nist", "l5b", "l5c"] = Field(title="Password rules", default="nist", description="A preset’s name.")
    password_rules: PasswordRules | None = Field(
        title="Changes to the rules", default=None, description="Changes to that preset, see below."
    )
    on_breach: Literal["off", "warn", "change"] = Field(
        title="A password that is known from a leak",
        default="off",
        description="A right password that is known from a leak: `warn` by mail, once; `change` it before going on; "
        "`off`: not looked for at sign-in.",
    )
    discloses_account_state: bool = Field(
        title="Tell people about their account’s state",
        default=False,
        description="Tell people at the e-mail step about their account's state. It also tells strangers who has one.",
    )
    session_idle_minutes: int = Field(
        title="Minutes without use", default=60, ge=5, le=1440, description="A session ends after so many minutes without use."
    )
    session_absolute_minutes: int = Field(
        title="Minutes in any case",
        default=720,
        ge=15,
        le=43200,
        description="A session ends after so many minutes in any case.",
    )
    email_factor: bool = Field(
        title="A code by mail may stand in for the second factor",
        default=False,
        description="Whether a code sent by mail may stand in for the second factor. Weak, and never enough for admins.",
    )
    passkeys: bool = Field(
        title="People may add passkeys",
        default=True,
        description="Whether people may add passkeys, as a second factor and as a whole sign-in.",
    )
    trusted_device_days: int = Field(
        title="Days on which a device is trusted",
        default=0,
        ge=0,
        le=90,
        description="The second factor is asked once in so many days on one device; 0: each time.",
    )
    token_key_days: int = Field(
        title="Days until tokens are signed with new keys",
        default=180,
        ge=7,
        le=1825,
        description="The keys that tokens are signed with change by themselves after so many days.",
    )
    activation_days: int = Field(
        title="Days to accept an invitation",
        default=30,
        ge=1,
        le=365,
        description="An invitation that nobody accepted runs out after so many days.",
    )
    inactive_days: int = Field(
        title="Days without sign-in",
        default=365,
        ge=30,
        le=3650,
        description="An account that nobody used is switched off after so many days.",
    )
    warning_days: int = Field(
        title="Days of warning",
        default=7,
        ge=1,
        le=60,
        description="A mail warns so many days before an account runs out, for whatever reason.",
    )
    trace_days: int = Field(
        title="Days that traces are kept",
        default=30,
        ge=0,
        le=365,
        description="What an identity provider sent at a refused sign-in is kept for so many days, redacted; 0: not at all.",
    )

    parts_may: tuple[PartMatter, ...] = Field(
        title="What parts may rule for themselves",
        default=(),
        description="`passwords`, `factors`, `sessions`, `life`, `disclosure`: parts may have any value of these; "
        "else only stricter ones.",
    )

    @model_validator(mode="after")
    def _idle_ends_first(self) -> Self:
        if self.session_idle_minutes > self.session_absolute_minutes:
            raise ValueError("session_idle_minutes must not be longer than session_absolute_minutes")
        return self

    @model_validator(mode="after")
    def _password_rules_fit(self) -> Self:
        for sentence in contradictions(self.password_policy):
            raise ValueError(sentence)
        return self

    @property
    def password_policy(self) -> PasswordPolicy:
        """The rules for new passwords of this tenant."""
        return password_policy(self.password, self.password_rules, is_alone=self.email_factor)

    @property
    def deviations(self) -> list[Reason]:
        """What weakens the password rules, and why: shown to whoever sets them."""
        return deviations(self.password_policy, is_alone=self.email_factor)


@dataclass(frozen=True, slots=True)
class AccountFacts:
    """An account as admission sees it."""

    state: AccountState
    address: Address | None
    """The account's own address; never an upstream one that nobody has proven."""
    invited_at: datetime
    """When its newest invitation was sent; its creation where there was none."""
    used_at: datetime | None = None
    """The latest of activation, reactivation and sign-in."""
    expires_at: datetime | None = None
    is_local_enabled: bool = False
    has_second_factor: bool = False
    """Whether a factor of `SECOND_FACTORS` is enrolled."""
    has_role: bool = False
    """Whether it may configure the tenant, or look into it."""
    entitled: Entitlements = field(default_factory=Entitlements)
    """Groups, organization and applications; empty where nothing asks for them."""
    is_admin: bool = False
    """Owner or admin: see `effective_state`."""


@dataclass(frozen=True, slots=True)
class AdmissionFacts:
    """Everything that admission may depend on."""

    policy: TenantPolicy
    account: AccountFacts
    sign_in: SignInFacts
    now: datetime
    rules: tuple[DomainRule, ...] = ()
    application: ApplicationFacts | None = None
    """None: the portal or the person's own pages."""


@dataclass(frozen=True, slots=True)
class Admission:
    """Admitted when there is no cause; with `factor_needed` only after the local second factor."""

    cause: Cause | None
    factor_needed: bool
    reasons: tuple[Reason, ...]


Finding = tuple[Cause | None, Reason]


def admit(facts: AdmissionFacts) -> Admission:
    """The decision after a person's identity is known, in the order of design section 2, row 8."""
    reasons: list[Reason] = []
    for check in _CHECKS:
        cause, reason = check(facts)
        reasons.append(reason)
        if cause:
            return Admission(cause, False, tuple(reasons))
    demand = factor_demand(facts.sign_in, facts.application, stand_ins(facts.policy, facts.account))
    reasons.append(demand.reason)
    is_missing = demand.needed and not facts.account.has_second_factor
    return Admission(Cause.FACTOR_ENROLMENT_REQUIRED if is_missing else None, demand.needed, tuple(reasons))


def stand_ins(policy: TenantPolicy, account: AccountFacts) -> frozenset[str]:
    """What may be shown instead of a second factor where nothing but local sign-in itself asks for one (SF-05)."""
    by_mail = {"email_code"} if policy.email_factor and not account.has_role else set()
    return frozenset(by_mail | ({"trusted_device"} if policy.trusted_device_days else set()))


def _domain_is_listed(facts: AdmissionFacts) -> Finding:
    """T4: the list decides upstream sign-ins; who was invited for local sign-in comes from anywhere."""
    if facts.sign_in.way == LOCAL or facts.account.is_local_enabled:
        return None, Reason("domain_exempt", "The list of domains is not about accounts invited for local sign-in.")
    is_allowed, reason = is_domain_allowed(facts.account.address, facts.rules)
    return None if is_allowed else Cause.DOMAIN_NOT_ALLOWED, reason


def _method_is_allowed(facts: AdmissionFacts) -> Finding:
    """L10, T4, RT-07, LC-10."""
    if facts.sign_in.way != LOCAL:
        if facts.sign_in.is_way_enabled:
            return None, Reason("method_connection", f"The connection {facts.sign_in.way} is switched on.")
        return Cause.CONNECTION_DISABLED, Reason("method_off", f"The connection {facts.sign_in.way} is switched off.")
    if not facts.policy.local_enabled:
        return Cause.METHOD_NOT_ALLOWED, Reason("local_off", "E-mail and password is off for the organization.")
    if not facts.account.is_local_enabled:
        return Cause.METHOD_NOT_ALLOWED, Reason("local_off_account", "E-mail and password is off for this account.")
    rule = find_rule(facts.account.address.domain, facts.rules) if facts.account.address else None
    if rule and rule.refuses_local:
        return Cause.METHOD_NOT_ALLOWED, Reason("local_enforced_away", f"{rule.name} enforces its connection.")
    return None, Reason("method_local", "E-mail and password is on for the organization and for this account.")


_STATES: dict[AccountState, tuple[Cause, str]] = {
    AccountState.DISABLED: (Cause.ACCOUNT_DISABLED, "An admin has switched the account off."),
    AccountState.DEACTIVATED: (Cause.ACCOUNT_NOT_ACTIVATED, "The invitation has run out."),
    AccountState.INACTIVE: (Cause.ACCOUNT_INACTIVE, "Nobody has used the account for too long."),
    AccountState.EXPIRED: (Cause.ACCOUNT_EXPIRED, "The account's end date has passed."),
    # What was deleted answers like what never was.
    AccountState.DELETED: (Cause.ACCOUNT_UNKNOWN, "The account has been deleted."),
}


def state_refusal(state: AccountState) -> Cause | None:
    """Why nobody enters with an account in this state, by whatever way; None: somebody may."""
    return _STATES[state][0] if state in _STATES else None


def _state_is_good(facts: AdmissionFacts) -> Finding:
    """A first sign-in at a connection accepts an invitation; with a password, the invitation has its own way (L2)."""
    state = effective_state(facts.account, facts.policy, facts.now)
    if state is AccountState.INVITED and facts.sign_in.way == LOCAL:
        return Cause.ACCOUNT_NOT_ACTIVATED, Reason("state_invited", "The invitation has not been accepted yet.")
    if state in _STATES:
        cause, sentence = _STATES[state]
        return cause, Reason(f"state_{state.value}", sentence)
    return None, Reason(f"state_{state.value}", f"The account is {state.value}.")


def _application_accepts_way(facts: AdmissionFacts) -> Finding:
    application = facts.application
    if application is None:
        return None, Reason("application_none", "No application is asking.")
    if application.accepted and facts.sign_in.way not in application.accepted:
        reason = Reason("application_refuses", f"{application.name} does not accept {facts.sign_in.way}.")
        return Cause.METHOD_NOT_ALLOWED, reason
    return None, Reason("application_accepts", f"{application.name} accepts {facts.sign_in.way}.")


def _application_is_assigned(facts: AdmissionFacts) -> Finding:
    application = facts.application
    if application is None or application.audience is None:
        return None, Reason("assigned_all", "It is open to everybody of the organization.")
    if application.audience.admits(facts.account.entitled):
        return None, Reason("assigned", f"The account, its group or its organization may enter {application.name}.")
    reason = Reason("not_assigned", f"Neither the account nor a group or organization of it may enter {application.name}.")
    return Cause.APPLICATION_NOT_ASSIGNED, reason


_CHECKS: tuple[Callable[[AdmissionFacts], Finding], ...] = (
    _domain_is_listed,
    _method_is_allowed,
    _state_is_good,
    _application_accepts_way,
    _application_is_assigned,
)
