"""Policies in the console: what is set, changing it, and what a change would do to people before it is made."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from tenants.accounts import Account
from tenants.audit import Event
from tenants.credentials import Credential
from tenants.policies import TenantPolicy
from tenants.tenants import Tenant, TenantSettings
from tests import factories
from tests.support import steps
from tests.support.rows import backdoor, door_holder, settings, stored


@pytest.fixture
def home(broker):
    return factories.tenant(broker)


@pytest.fixture
def ada(home):
    return factories.account(home, role="owner")


def policy(home) -> TenantPolicy:
    return TenantPolicy.model_validate(settings(home).policy)


def opened(at_home, home, section):
    return at_home.open(f"{home.path}/console/policies/{section}")


def test_a_change_holds_at_once_and_says_what_it_was(home, at_home):
    page = at_home.open(f"{home.path}/console/policies")
    assert "Minutes without use 60" in page.words
    opened(at_home, home, "sessions").submit(session_idle_minutes="30")
    assert at_home.at.startswith(f"{home.path}/console/policies")
    assert "Saved." in at_home.words
    assert "Minutes without use 30" in at_home.words
    assert policy(home).session_idle_minutes == 30
    event = steps.events(home, Event.CONFIGURATION_CHANGED)[-1]
    assert (event.detail["before session_idle_minutes"], event.detail["after session_idle_minutes"]) == ("60", "30")
    opened(at_home, home, "sessions").submit(press="Save")
    assert "Nothing was changed" in at_home.words


@pytest.mark.parametrize(
    ("section", "typed", "told"),
    [
        ("sessions", {"session_idle_minutes": "2"}, "greater than or equal to 5"),
        ("sessions", {"session_idle_minutes": "soon"}, "Type a number."),
        ("sessions", {"session_idle_minutes": "700", "session_absolute_minutes": "600"}, "must not be longer than"),
        ("passwords", {"min_length": "20", "max_length": "22"}, "at least 24"),
        ("passwords", {"alphabet": "abc"}, "36 characters or more"),
        ("passwords", {"classes": "lower, vowels"}, "should be"),
    ],
)
def test_what_can_not_be_is_told_and_nothing_typed_is_lost(home, at_home, section, typed, told):
    page = opened(at_home, home, section).submit(typed)
    assert page.status == 422
    assert told in page.words
    assert page.title.startswith("Error: ")
    assert all(value.partition(",")[0] in page.text for value in typed.values())
    assert policy(home) == TenantPolicy(local_enabled=True)


def test_two_who_change_the_same_are_told(home, at_home):
    opened(at_home, home, "life")
    with home.db.writing() as db:
        row = db.scalars(select(TenantSettings)).one()
        row.policy = {**row.policy, "warning_days": 9}
        db.touch_configuration()
    page = at_home.submit(warning_days="5")
    assert page.status == 409
    assert "changed this meanwhile" in page.words
    assert policy(home).warning_days == 9


def test_rules_that_weaken_are_named_and_stand_in_the_log(home, at_home):
    opened(at_home, home, "passwords").submit(password="l5b")
    assert "more than 16 characters are refused" in at_home.words
    event = steps.events(home, Event.CONFIGURATION_CHANGED)[-1]
    assert "deviates: max_length" in str(event.detail)
    opened(at_home, home, "passwords").submit(passphrase_length="15", max_length="64")
    assert policy(home).password_policy.max_length == 64
    opened(at_home, home, "passwords").submit(password="nist", passphrase_length="", max_length="")
    assert policy(home).password_rules is None


def test_who_would_be_switched_off_tonight_is_asked_about_first(home, at_home):
    old = home.now - timedelta(days=200)
    for _ in range(2):
        one = factories.account(home)
        home.change(Account, one.id, last_login_at=old, activated_at=old, state_changed_at=old, created_at=old)
    page = opened(at_home, home, "life").submit(inactive_days="100")
    assert "not signed in for 100 days: 2. They are switched off tonight." in page.words
    assert policy(home).inactive_days == 365
    page.submit(press="Save, and switch them off tonight")
    assert policy(home).inactive_days == 100
    opened(at_home, home, "life").submit(inactive_days="90", activation_days="20")
    assert "not signed in for 90 days: 2." in at_home.words


def test_t9_local_sign_in_goes_with_everybodys_credentials_after_the_number_was_typed(home, at_home):
    for _ in range(2):
        factories.account(home)
    factories.admin(home)
    factories.connection(home)
    page = at_home.open(f"{home.path}/console/policies/local")
    assert "No owner or admin could enter without an identity provider any more." in page.words
    assert "Switch off and delete" not in page.words

    backdoor(home)
    door_holder(home)
    page = at_home.open(f"{home.path}/console/policies/local")
    assert "deletes the passwords and second factors of 4 people" in page.words
    assert "4 of them have no other way to sign in." in page.words
    assert page.submit(typed="3").status == 422
    assert policy(home).local_enabled
    at_home.submit(typed="4")
    assert not policy(home).local_enabled
    assert stored(home, Credential) == []
    detail = steps.events(home, Event.CONFIGURATION_CHANGED)[-1].detail
    assert detail["what"] == "deletes the local credentials of 4 accounts"


def test_what_a_tenants_file_rules_is_shown_only(home, at_home, broker):
    with broker.db.operating(home.id, "test", home.now) as (platform, session):
        platform.scalars(select(Tenant).where(Tenant.id == home.id)).one().is_file_managed = True
        session.touch_configuration()
    page = opened(at_home, home, "sessions")
    assert "A tenants file manages this." in page.words
    assert "Save" not in page.words
    token = page.page.forms[0].fields["csrf_token"].value
    assert at_home.post(f"{home.path}/console/policies/sessions", {"csrf_token": token}).status == 403
    assert "A tenants file rules this" in at_home.open(f"{home.path}/console/policies/local").words


def test_a_part_that_is_not_there(home, at_home):
    assert opened(at_home, home, "nothing").status == 404
