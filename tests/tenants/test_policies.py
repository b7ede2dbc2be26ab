"""Who is admitted, when a second factor is asked, and what a tenant's policy may say."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from pydantic import ValidationError

from tenants.accounts import AccountState
from tenants.addresses import Address
from tenants.audiences import Audience, Entitlements
from tenants.causes import Cause
from tenants.passwords import PRESETS
from tenants.policies import (
    AccountFacts,
    AdmissionFacts,
    ApplicationFacts,
    SignInFacts,
    TenantPolicy,
    admit,
    effective_state,
    factor_demand,
    stand_ins,
)
from tenants.routing_domains import DomainRule

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
ACME = DomainRule("acme.example", connection="entra", proven=True)
ENFORCED = replace(ACME, enforce=True)
POLICY = TenantPolicy(local_enabled=True)
JANE = AccountFacts(AccountState.ACTIVE, Address("jane", "acme.example"), invited_at=NOW - timedelta(days=10))
EXTERNAL = replace(JANE, address=Address("kim", "partner.example"), is_local_enabled=True, has_second_factor=True)
BY_ENTRA = SignInFacts("entra")
BY_PASSWORD = SignInFacts("local", factors=frozenset({"password"}))
BY_BOTH = SignInFacts("local", factors=frozenset({"password", "totp"}))
TRAVEL = ApplicationFacts("Travel")
UPSTREAM = AdmissionFacts(POLICY, JANE, BY_ENTRA, NOW, (ACME,), TRAVEL)
LOCAL = AdmissionFacts(POLICY, EXTERNAL, BY_BOTH, NOW, (ACME,), TRAVEL)


def days_ago(days: int) -> datetime:
    return NOW - timedelta(days=days)


@pytest.mark.parametrize(
    ("facts", "cause"),
    [
        pytest.param(UPSTREAM, None, id="an active account by its connection is admitted"),
        pytest.param(LOCAL, None, id="an external with password and factor is admitted, whatever the domain list"),
        pytest.param(replace(UPSTREAM, application=None), None, id="the portal has no rules of its own"),
        # the domain list
        pytest.param(replace(UPSTREAM, rules=()), Cause.DOMAIN_NOT_ALLOWED, id="T4: upstream, domain not listed"),
        pytest.param(
            replace(UPSTREAM, rules=(replace(ACME, allowed=False),)),
            Cause.DOMAIN_NOT_ALLOWED,
            id="T4: listed, not let in",
        ),
        pytest.param(
            replace(UPSTREAM, account=replace(JANE, address=None)),
            Cause.DOMAIN_NOT_ALLOWED,
            id="T4: upstream, no address",
        ),
        pytest.param(replace(UPSTREAM, account=EXTERNAL, rules=()), None, id="T4: invited for local sign-in, so exempt"),
        # the method
        pytest.param(
            replace(UPSTREAM, sign_in=replace(BY_ENTRA, is_way_enabled=False)),
            Cause.CONNECTION_DISABLED,
            id="a connection that was switched off in between",
        ),
        pytest.param(replace(LOCAL, policy=TenantPolicy()), Cause.METHOD_NOT_ALLOWED, id="LC-10: local off for the tenant"),
        pytest.param(
            replace(LOCAL, account=replace(EXTERNAL, is_local_enabled=False)),
            Cause.METHOD_NOT_ALLOWED,
            id="L10: local off for the account",
        ),
        pytest.param(
            replace(LOCAL, account=replace(EXTERNAL, address=JANE.address), rules=(ENFORCED,)),
            Cause.METHOD_NOT_ALLOWED,
            id="RT-07: local for a domain that is enforced",
        ),
        pytest.param(
            replace(LOCAL, account=replace(EXTERNAL, address=JANE.address), rules=(replace(ENFORCED, proven=False),)),
            Cause.METHOD_NOT_ALLOWED,
            id="RT-07: also when its proof has lapsed",
        ),
        pytest.param(
            replace(LOCAL, account=replace(EXTERNAL, address=JANE.address)),
            None,
            id="local for a domain only preferred",
        ),
        pytest.param(replace(LOCAL, account=replace(EXTERNAL, address=None)), None, id="local for an account without address"),
        # the application
        pytest.param(
            replace(UPSTREAM, application=replace(TRAVEL, accepted=frozenset({"local"}))),
            Cause.METHOD_NOT_ALLOWED,
            id="R5: a connection that the application refuses",
        ),
        pytest.param(
            replace(UPSTREAM, application=replace(TRAVEL, accepted=frozenset({"entra"}))),
            None,
            id="R5: one that it accepts",
        ),
        pytest.param(
            replace(UPSTREAM, application=replace(TRAVEL, audience=Audience("app_1", groups=frozenset({"staff"})))),
            Cause.APPLICATION_NOT_ASSIGNED,
            id="R5: not in a group that may enter",
        ),
        pytest.param(
            replace(
                UPSTREAM,
                account=replace(JANE, entitled=Entitlements(groups=frozenset({"staff", "x"}))),
                application=replace(TRAVEL, audience=Audience("app_1", groups=frozenset({"staff", "board"}))),
            ),
            None,
            id="R5: in one of the groups",
        ),
        pytest.param(
            replace(UPSTREAM, application=replace(TRAVEL, demands_factor=True)),
            Cause.FACTOR_ENROLMENT_REQUIRED,
            id="R5: a factor is asked and none enrolled",
        ),
        pytest.param(
            replace(LOCAL, sign_in=BY_PASSWORD, account=replace(EXTERNAL, has_second_factor=False)),
            Cause.FACTOR_ENROLMENT_REQUIRED,
            id="SF-04: a password alone enters nowhere",
        ),
    ],
)
def test_admission(facts: AdmissionFacts, cause: Cause | None) -> None:
    admission = admit(facts)
    assert admission.cause == cause
    assert all(reason.code and reason.sentence for reason in admission.reasons)


@pytest.mark.parametrize(
    ("account", "cause"),
    [
        pytest.param(replace(JANE, state=AccountState.DISABLED), Cause.ACCOUNT_DISABLED, id="disabled"),
        pytest.param(replace(JANE, state=AccountState.DEACTIVATED), Cause.ACCOUNT_NOT_ACTIVATED, id="deactivated"),
        pytest.param(replace(JANE, state=AccountState.INACTIVE), Cause.ACCOUNT_INACTIVE, id="inactive"),
        pytest.param(replace(JANE, state=AccountState.EXPIRED), Cause.ACCOUNT_EXPIRED, id="expired"),
        pytest.param(replace(JANE, state=AccountState.DELETED), Cause.ACCOUNT_UNKNOWN, id="deleted, like unknown"),
        pytest.param(replace(JANE, state=AccountState.INVITED), None, id="invited: the first sign-in accepts it"),
        pytest.param(
            replace(JANE, state=AccountState.INVITED, invited_at=days_ago(30)),
            Cause.ACCOUNT_NOT_ACTIVATED,
            id="invited 30 days ago",
        ),
        pytest.param(replace(JANE, expires_at=NOW), Cause.ACCOUNT_EXPIRED, id="its end date is now"),
        pytest.param(replace(JANE, expires_at=NOW + timedelta(seconds=1)), None, id="its end date is to come"),
        pytest.param(replace(JANE, used_at=days_ago(365)), Cause.ACCOUNT_INACTIVE, id="last used 365 days ago"),
        pytest.param(replace(JANE, used_at=days_ago(364)), None, id="last used 364 days ago"),
        pytest.param(replace(JANE, invited_at=days_ago(400)), Cause.ACCOUNT_INACTIVE, id="never used, made 400 days ago"),
        pytest.param(replace(JANE, invited_at=days_ago(400), used_at=days_ago(1)), None, id="reactivated yesterday"),
        pytest.param(
            replace(JANE, state=AccountState.DISABLED, expires_at=days_ago(1)),
            Cause.ACCOUNT_DISABLED,
            id="disabled first",
        ),
    ],
)
def test_the_state_of_an_account_decides(account: AccountFacts, cause: Cause | None) -> None:
    assert admit(replace(UPSTREAM, account=account)).cause == cause


def test_an_invitation_is_not_accepted_by_a_password() -> None:
    invited = replace(EXTERNAL, state=AccountState.INVITED)
    assert admit(replace(LOCAL, account=invited)).cause == Cause.ACCOUNT_NOT_ACTIVATED


def test_both_periods_are_the_tenants() -> None:
    policy = TenantPolicy(activation_days=5, inactive_days=30)
    invited = replace(JANE, state=AccountState.INVITED)
    assert effective_state(invited, policy, NOW) is AccountState.DEACTIVATED
    assert effective_state(invited, TenantPolicy(), NOW) is AccountState.INVITED
    assert effective_state(replace(JANE, used_at=days_ago(31)), policy, NOW) is AccountState.INACTIVE
    assert effective_state(replace(JANE, used_at=days_ago(31)), TenantPolicy(), NOW) is AccountState.ACTIVE


def test_the_first_cause_is_told_in_the_order_of_the_design() -> None:
    everything_wrong = AdmissionFacts(
        POLICY,
        replace(JANE, state=AccountState.DISABLED),
        replace(BY_ENTRA, is_way_enabled=False),
        NOW,
        (),
        ApplicationFacts("Travel", frozenset({"local"}), Audience("app_1", frozenset({"staff"})), demands_factor=True),
    )
    mended: list[dict[str, Any]] = [
        {"rules": (ACME,)},
        {"sign_in": BY_ENTRA},
        {"account": JANE},
        {"application": replace(everything_wrong.application or TRAVEL, accepted=frozenset())},
        {"account": replace(JANE, entitled=Entitlements(groups=frozenset({"staff"})))},
        {"account": replace(JANE, entitled=Entitlements(groups=frozenset({"staff"})), has_second_factor=True)},
    ]
    facts, causes, lengths = everything_wrong, [admit(everything_wrong).cause], [len(admit(everything_wrong).reasons)]
    for change in mended:
        facts = replace(facts, **change)
        causes.append(admit(facts).cause)
        lengths.append(len(admit(facts).reasons))
    assert causes == [
        Cause.DOMAIN_NOT_ALLOWED,
        Cause.CONNECTION_DISABLED,
        Cause.ACCOUNT_DISABLED,
        Cause.METHOD_NOT_ALLOWED,
        Cause.APPLICATION_NOT_ASSIGNED,
        Cause.FACTOR_ENROLMENT_REQUIRED,
        None,
    ]
    assert all(before <= after for before, after in pairwise(lengths)), "every step passed is explained"
    assert admit(facts).factor_needed


STRICT = replace(TRAVEL, demands_factor=True)


@pytest.mark.parametrize(
    ("sign_in", "application", "needed"),
    [
        pytest.param(BY_PASSWORD, None, True, id="local sign-in always asks"),
        pytest.param(BY_PASSWORD, TRAVEL, True, id="also where the application does not"),
        pytest.param(BY_BOTH, STRICT, False, id="a factor shown is enough"),
        pytest.param(SignInFacts("local", factors=frozenset({"password", "email_code"})), None, True, id="a mail is none"),
        pytest.param(SignInFacts("local", factors=frozenset({"password", "recovery_code"})), None, False, id="recovery code"),
        pytest.param(replace(BY_PASSWORD, upstream_amr=("mfa",)), None, True, id="local sign-in has no upstream to believe"),
        pytest.param(BY_ENTRA, None, False, id="a connection alone does not ask"),
        pytest.param(BY_ENTRA, TRAVEL, False, id="nor does an application without a demand"),
        pytest.param(BY_ENTRA, STRICT, True, id="SF-12: no amr"),
        pytest.param(replace(BY_ENTRA, upstream_amr=("pwd", "otp")), STRICT, True, id="SF-12: amr without mfa"),
        pytest.param(replace(BY_ENTRA, upstream_amr=("MFA", "mfa ", "no-mfa")), STRICT, True, id="SF-12: amr like mfa"),
        pytest.param(replace(BY_ENTRA, upstream_amr=("pwd", "mfa")), STRICT, False, id="SF-12: amr with mfa"),
        pytest.param(replace(BY_ENTRA, upstream_acr="mfa"), STRICT, False, id="SF-12: acr that counts"),
        pytest.param(replace(BY_ENTRA, upstream_acr="0"), STRICT, True, id="SF-12: acr that says nothing"),
        pytest.param(
            replace(BY_ENTRA, upstream_amr=("mfa",), factor_values=frozenset()), STRICT, True, id="SF-12: not counted"
        ),
        pytest.param(replace(BY_ENTRA, is_factor_owed=True, upstream_amr=("mfa",)), None, True, id="owed to the connection"),
        pytest.param(replace(BY_ENTRA, is_factor_owed=True, factors=frozenset({"totp"})), None, False, id="owed and shown"),
        pytest.param(replace(BY_ENTRA, factors=frozenset({"passkey"})), STRICT, False, id="a local factor after upstream"),
    ],
)
def test_sf12_when_a_second_factor_is_asked(sign_in: SignInFacts, application: ApplicationFacts | None, needed: bool) -> None:
    demand = factor_demand(sign_in, application)
    assert demand.needed is needed
    assert demand.reason.sentence


@pytest.mark.parametrize(
    ("policy", "has_role", "allowed"),
    [
        pytest.param({}, False, set(), id="a new policy allows none"),
        pytest.param({"email_factor": True}, False, {"email_code"}, id="a mailed code"),
        pytest.param({"email_factor": True}, True, set(), id="SF-05: never of those who have a role"),
        pytest.param({"trusted_device_days": 7}, False, {"trusted_device"}, id="a trusted device"),
        pytest.param({"trusted_device_days": 7}, True, {"trusted_device"}, id="also of those who have a role"),
    ],
)
def test_sf05_what_may_stand_in_for_a_factor(policy: dict[str, Any], has_role: bool, allowed: set[str]) -> None:
    assert stand_ins(POLICY.model_copy(update=policy), replace(EXTERNAL, has_role=has_role)) == allowed


@pytest.mark.parametrize("stand_in", ["email_code", "trusted_device"])
def test_sf05_stand_ins_count_for_local_sign_in_and_for_no_application(stand_in: str) -> None:
    instead = frozenset({stand_in})
    shown = replace(BY_PASSWORD, factors=frozenset({"password", stand_in}))
    assert not factor_demand(shown, None, instead).needed
    assert not factor_demand(shown, TRAVEL, instead).needed
    assert factor_demand(shown, STRICT, instead).needed
    assert factor_demand(shown, None).needed
    assert factor_demand(replace(BY_ENTRA, factors=instead), STRICT, instead).needed


def test_sf05_admission_goes_by_the_policy() -> None:
    by_mail = replace(BY_PASSWORD, factors=frozenset({"password", "email_code"}))
    facts = replace(LOCAL, sign_in=by_mail)
    assert admit(facts).factor_needed
    allowed = replace(facts, policy=POLICY.model_copy(update={"email_factor": True}))
    assert not admit(allowed).factor_needed
    assert admit(replace(allowed, account=replace(EXTERNAL, has_role=True))).factor_needed


def test_who_has_a_factor_is_asked_for_it_and_not_refused() -> None:
    asked = admit(replace(LOCAL, sign_in=BY_PASSWORD))
    assert (asked.cause, asked.factor_needed) == (None, True)
    shown = admit(LOCAL)
    assert (shown.cause, shown.factor_needed) == (None, False)


def test_a_new_policy_is_the_safe_one() -> None:
    policy = TenantPolicy()
    assert (policy.sign_in_page, policy.local_enabled, policy.password) == ("both", False, "nist")
    assert (policy.activation_days, policy.inactive_days) == (30, 365)
    assert not policy.discloses_account_state


def test_a_policy_survives_json_and_names_presets_that_exist() -> None:
    for preset in PRESETS:
        policy = TenantPolicy.model_validate({"password": preset, "sign_in_page": "email_first"})
        assert TenantPolicy.model_validate_json(policy.model_dump_json()) == policy
        assert PRESETS[policy.password].name == preset


def test_every_field_of_a_policy_is_described() -> None:
    assert all(field.description for field in TenantPolicy.model_fields.values())


@pytest.mark.parametrize(
    ("values", "named"),
    [
        pytest.param({"local": True}, "local", id="an unknown key"),
        pytest.param({"password": "weak"}, "password", id="an unknown preset"),
        pytest.param({"sign_in_page": "none"}, "sign_in_page", id="an unknown page"),
        pytest.param({"second_factor": False}, "second_factor", id="SF-04: the second factor has no switch"),
        pytest.param({"activation_days": 0}, "activation_days", id="a period of nothing"),
        pytest.param({"session_idle_minutes": 100, "session_absolute_minutes": 50}, "session_idle_minutes", id="idle longer"),
    ],
)
def test_a_wrong_policy_is_refused_by_name(values: dict[str, Any], named: str) -> None:
    with pytest.raises(ValidationError, match=named):
        TenantPolicy.model_validate(values)
