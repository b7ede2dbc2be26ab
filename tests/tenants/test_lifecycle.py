"""The life of an account: what time decides (tables), and what each change takes along."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from sqlalchemy import func, select

from tenants.accounts import Account, AccountState, Grant
from tenants.audit import Event
from tenants.backdoors import DoorCredential
from tenants.credentials import Credential
from tenants.devices import Device
from tenants.ends import End, effective_state, ends_of, invited_at_of, used_at_of
from tenants.identities import Identity
from tenants.ids import new_id
from tenants.lifecycle import (
    LifecycleError,
    change_state,
    decide,
    delete_local_credentials,
    last_day,
    reset_factors,
    set_expiry,
    set_local,
)
from tenants.local_off import count_credentials, local_holders, withdraw_from_all
from tenants.mailed_codes import MailedCode
from tenants.passkeys import Passkey
from tenants.policies import AccountFacts, TenantPolicy
from tenants.sessions import BrowserSession
from tenants.transactions import Invitation, LoginTransaction
from tests import factories
from tests.support import rows, steps

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
POLICY = TenantPolicy(activation_days=30, inactive_days=365, warning_days=7)


def ago(**duration: float) -> datetime:
    return NOW - timedelta(**duration)


def to_come(**duration: float) -> datetime:
    return NOW + timedelta(**duration)


ACTIVE = AccountFacts(AccountState.ACTIVE, None, invited_at=ago(days=500), used_at=ago(days=1))
INVITED = AccountFacts(AccountState.INVITED, None, invited_at=ago(days=1))

# What time decides

ENDINGS = {
    "used yesterday": (ACTIVE, None, None),
    "invited yesterday": (INVITED, None, None),
    "invited for the whole period": (replace(INVITED, invited_at=ago(days=30)), End.ACTIVATION, "deactivated"),
    "invited for a second less": (replace(INVITED, invited_at=ago(days=30, seconds=-1)), End.ACTIVATION, None),
    "invitation runs out in a week": (replace(INVITED, invited_at=ago(days=23)), End.ACTIVATION, None),
    "invitation runs out in more than a week": (replace(INVITED, invited_at=ago(days=22, hours=23)), None, None),
    "unused for the whole period": (replace(ACTIVE, used_at=ago(days=365)), End.DISUSE, "inactive"),
    "unused for a second less": (replace(ACTIVE, used_at=ago(days=365, seconds=-1)), End.DISUSE, None),
    "never used, made long ago": (replace(ACTIVE, used_at=None), End.DISUSE, "inactive"),
    "unused, a week is left": (replace(ACTIVE, used_at=ago(days=358)), End.DISUSE, None),
    "unused, more than a week is left": (replace(ACTIVE, used_at=ago(days=357)), None, None),
    "end date is now": (replace(ACTIVE, expires_at=NOW), End.EXPIRY, "expired"),
    "end date in an hour": (replace(ACTIVE, expires_at=to_come(hours=1)), End.EXPIRY, None),
    "end date in a week": (replace(ACTIVE, expires_at=to_come(days=7)), End.EXPIRY, None),
    "end date in more than a week": (replace(ACTIVE, expires_at=to_come(days=7, seconds=1)), None, None),
    "an invitation has an end date too": (replace(INVITED, expires_at=NOW), End.EXPIRY, "expired"),
    "end date before disuse": (replace(ACTIVE, used_at=ago(days=400), expires_at=ago(days=1)), End.EXPIRY, "expired"),
    "disused before its end date": (
        replace(ACTIVE, used_at=ago(days=365), expires_at=to_come(days=1)),
        End.DISUSE,
        "inactive",
    ),
    "the earlier of two ends is warned of": (
        replace(ACTIVE, used_at=ago(days=360), expires_at=to_come(days=3)),
        End.EXPIRY,
        None,
    ),
    "disabled stays disabled": (replace(ACTIVE, state=AccountState.DISABLED, expires_at=ago(days=1)), None, None),
    "inactive stays inactive": (replace(ACTIVE, state=AccountState.INACTIVE, used_at=None), None, None),
    "deleted stays deleted": (replace(ACTIVE, state=AccountState.DELETED, used_at=None), None, None),
}


@pytest.mark.parametrize(("account", "end", "state"), ENDINGS.values(), ids=ENDINGS.keys())
def test_what_time_decides(account: AccountFacts, end: End | None, state: str | None) -> None:
    decision = decide(account, POLICY, (None, None), NOW)
    assert (decision.end, decision.state) == (end, state)
    assert decision.reason.code.startswith("life_")
    assert decision.reason.sentence.endswith(".")


@pytest.mark.parametrize(("account", "end", "state"), ENDINGS.values(), ids=ENDINGS.keys())
def test_sign_in_sees_the_same_end_as_the_nightly_job(account: AccountFacts, end: End | None, state: str | None) -> None:
    assert effective_state(account, POLICY, NOW) == (state or account.state)


EXPIRING = replace(ACTIVE, expires_at=to_come(days=3))
WARNINGS = {
    "nobody was warned": (EXPIRING, None, None, True),
    "warned in this period": (EXPIRING, "expiry", ago(days=1), False),
    "warned on its first day": (EXPIRING, "expiry", ago(days=4), False),
    "warned of an end date that was moved since": (EXPIRING, "expiry", ago(days=30), True),
    "warned of something else": (EXPIRING, "disuse", ago(days=1), True),
    "warned of disuse a year ago": (replace(ACTIVE, used_at=ago(days=360)), "disuse", ago(days=365), True),
    "warned of disuse yesterday": (replace(ACTIVE, used_at=ago(days=360)), "disuse", ago(days=1), False),
}


@pytest.mark.parametrize(("account", "of", "at", "is_due"), WARNINGS.values(), ids=WARNINGS.keys())
def test_a4_warned_once_for_each_cause(account: AccountFacts, of: str | None, at: datetime | None, is_due: bool) -> None:
    decision = decide(account, POLICY, (of, at), NOW)
    assert (decision.end is not None, decision.state) == (is_due, None)


def test_nobody_is_warned_on_the_day_of_the_invitation() -> None:
    short = TenantPolicy(activation_days=6, warning_days=30)
    invited = replace(INVITED, invited_at=ago(days=2))
    assert decide(invited, short, (None, None), NOW).end is None
    assert decide(invited, short, (None, None), to_come(days=1)).end is End.ACTIVATION


def test_warning_names_the_last_day() -> None:
    midnight = datetime(2026, 12, 1, tzinfo=UTC)
    assert last_day(End.EXPIRY, midnight) == "2026-11-30"
    assert last_day(End.DISUSE, midnight) == "2026-12-01"


ADMINS = {
    "disuse": (replace(ACTIVE, used_at=None), "active"),
    "an old invitation": (replace(INVITED, invited_at=ago(days=99)), "invited"),
    "an end date": (replace(ACTIVE, expires_at=NOW), "expired"),
}


@pytest.mark.parametrize(("account", "state"), ADMINS.values(), ids=ADMINS.keys())
def test_ac06_time_alone_locks_no_admin_out(account: AccountFacts, state: str) -> None:
    assert effective_state(replace(account, is_admin=True), POLICY, NOW) == state


def test_a2_being_given_back_counts_as_use() -> None:
    row = SimpleNamespace(
        state="active",
        created_at=ago(days=900),
        invited_at=None,
        activated_at=ago(days=800),
        last_login_at=ago(days=500),
        state_changed_at=ago(days=2),
    )
    assert (used_at_of(row), invited_at_of(row)) == (ago(days=2), ago(days=900))
    row.state = "invited"
    assert (used_at_of(row), invited_at_of(row)) == (ago(days=500), ago(days=2))


def test_ends_of_an_account_that_is_shut_are_none() -> None:
    assert ends_of(replace(ACTIVE, state=AccountState.EXPIRED, expires_at=NOW), POLICY) == {}


# What a change takes along


@pytest.fixture
def home(broker):
    return factories.tenant(broker)


@pytest.fixture
def ada(home):
    """Somebody who has one of everything."""
    made = factories.account(home, groups=("Staff",))
    rows.passkey(home, made.id)
    rows.device(home, made.id)
    for number in range(10):
        code = {"kind": "recovery_code", "secret_hash": f"hash {number}", "created_at": home.now}
        home.add(Credential(id=new_id("cre"), account_id=made.id, **code))
    factories.identity(home, made.id)
    factories.session(home, made)
    factories.invitation(home, account_id=made.id, purpose="reset")
    rows.mailed_code(home, account_id=made.id)
    rows.login_transaction(home, account_id=made.id, method="local", pending_sealed="x")
    return made


def row_of(home, account_id):
    with home.db.reading() as db:
        return db.get_one(Account, (home.id, account_id))


def left(home, account_id):
    """How much of everything there still is, and is good."""
    conditions = {
        Credential: (),
        Passkey: (),
        Device: (),
        Identity: (),
        Grant: (),
        BrowserSession: (BrowserSession.ended_at.is_(None),),
        Invitation: (Invitation.superseded_at.is_(None),),
        MailedCode: (MailedCode.used_at.is_(None),),
        LoginTransaction: (LoginTransaction.finished_at.is_(None),),
    }
    with home.db.reading() as db:
        return {
            model.__name__: db.scalar(
                select(func.count()).select_from(model).where(model.account_id == account_id, *conditions[model])
            )
            for model in conditions
        }


EVERYTHING = {
    "Credential": 12,
    "Passkey": 1,
    "Device": 1,
    "Identity": 1,
    "Grant": 1,
    "BrowserSession": 1,
    "Invitation": 1,
    "MailedCode": 1,
    "LoginTransaction": 1,
}
WAITING = {"BrowserSession": 0, "Invitation": 0, "MailedCode": 0, "LoginTransaction": 0}
LOCAL = {"Credential": 0, "Passkey": 0, "Device": 0}


def test_fixture_has_one_of_everything(home, ada):
    assert left(home, ada.id) == EVERYTHING


@pytest.mark.parametrize("state", ["disabled", "inactive", "deactivated", "expired"])
def test_who_is_shut_out_keeps_credentials_and_nothing_under_way(home, ada, state):
    with home.db.writing() as db:
        change_state(db, ada.id, AccountState(state), home.now, "a test")
    row = row_of(home, ada.id)
    assert (row.state, row.state_changed_at) == (state, home.now)
    assert left(home, ada.id) == EVERYTHING | WAITING
    [event] = steps.events(home, Event.ACCOUNT_CHANGED)
    assert (event.account_id, event.detail) == (
        ada.id,
        {"by": "a test", "fields": "state", "state": state, "was": "active"},
    )


@pytest.mark.parametrize("state", ["disabled", "inactive", "deactivated"])
def test_a2_reactivation_gives_the_account_back(home, ada, clock, state):
    home.change(
        Account, ada.id, state=state, last_login_at=home.now - timedelta(days=800), warned_of="disuse", warned_at=home.now
    )
    clock.advance(seconds=1)
    with home.db.writing() as db:
        change_state(db, ada.id, AccountState.ACTIVE, home.now, "a test")
    row = row_of(home, ada.id)
    assert (row.state, row.state_changed_at, row.warned_of, row.warned_at) == ("active", home.now, None, None)
    assert left(home, ada.id) == EVERYTHING
    assert used_at_of(row) == home.now


def test_a2_what_time_alone_has_ended_is_given_back_too(home, ada):
    """The nightly job has not come by yet: the stored state is still the old one."""
    long_ago = home.now - timedelta(days=800)
    home.change(Account, ada.id, last_login_at=long_ago, activated_at=long_ago)
    with home.db.writing() as db:
        change_state(db, ada.id, AccountState.ACTIVE, home.now, "a test")
    assert row_of(home, ada.id).state_changed_at == home.now


def test_who_never_set_the_account_up_is_invited_again(home):
    eve = factories.account(home, state="deactivated", activated_at=None, with_password=False, with_totp=False)
    with home.db.writing() as db:
        change_state(db, eve.id, AccountState.ACTIVE, home.now, "a test")
    row = row_of(home, eve.id)
    assert (row.state, row.invited_at) == ("invited", home.now)


LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
REFUSED = {
    "active already": ({}, AccountState.ACTIVE, "is active already"),
    "disabled already": ({"state": "disabled"}, AccountState.DISABLED, "is disabled already"),
    "its end date has passed": (
        {"state": "expired", "expires_at": LONG_AGO},
        AccountState.ACTIVE,
        "end date",
    ),
    "deleted": ({"state": "deleted"}, AccountState.ACTIVE, "no such account"),
    "named by the file": ({"is_file_managed": True}, AccountState.DELETED, "take it out there"),
}


@pytest.mark.parametrize(("values", "state", "sentence"), REFUSED.values(), ids=REFUSED.keys())
def test_what_can_not_be_done_is_refused(home, values, state, sentence):
    ada = factories.account(home, **values)
    before = row_of(home, ada.id).state
    with pytest.raises(LifecycleError, match=sentence), home.db.writing() as db:
        change_state(db, ada.id, state, home.now, "a test")
    assert row_of(home, ada.id).state == before


def test_l8_reset_of_factors_leaves_the_password(home, ada):
    with home.db.writing() as db:
        assert reset_factors(db, ada.id, home.now) == 12
    assert left(home, ada.id) == EVERYTHING | WAITING | LOCAL | {"Credential": 1}
    with home.db.reading() as db:
        assert db.scalars(select(Credential.kind).where(Credential.account_id == ada.id)).all() == ["password"]
    assert row_of(home, ada.id).factors_reset_at == home.now
    [event] = steps.events(home, Event.FACTORS_RESET)
    assert (event.account_id, event.detail) == (ada.id, {"by": "admin", "count": "12"})


def test_delete_local_credentials_says_how_many(home, ada):
    other = factories.account(home)
    with home.db.writing() as db:
        assert count_credentials(db, ada.id) == 13
        assert delete_local_credentials(db, ada.id) == 13
        assert delete_local_credentials(db, ada.id) == 0
    assert left(home, ada.id) == EVERYTHING | LOCAL
    assert left(home, other.id)["Credential"] == 2


def test_l10_taking_e_mail_login_away_deletes_what_it_needs(home, ada):
    with home.db.writing() as db:
        assert set_local(db, ada.id, False, home.now, "a test") == 13
    assert left(home, ada.id) == EVERYTHING | LOCAL | WAITING
    assert (row_of(home, ada.id).is_local_enabled, row_of(home, ada.id).state) == (False, "active")
    with home.db.writing() as db:
        assert set_local(db, ada.id, True, home.now, "a test") == 0
    assert row_of(home, ada.id).is_local_enabled


def test_deleted_account_leaves_its_id_and_its_audit_log(home, ada):
    with home.db.writing() as db:
        change_state(db, ada.id, AccountState.DELETED, home.now, "a test")
    row = row_of(home, ada.id)
    assert (row.state, row.name, row.given_name, row.family_name, row.role) == ("deleted", "", "", "", None)
    assert row.email == row.email_key == f"{ada.id}@deleted.invalid"
    assert set(left(home, ada.id).values()) == {0}
    with home.db.reading() as db:
        assert db.scalars(select(BrowserSession)).all() == []
    assert [one.account_id for one in steps.events(home, Event.ACCOUNT_REMOVED)] == [ada.id]
    # `sub` is the id: whoever gets the address later is somebody else to every application
    assert factories.account(home, ada.email).id != ada.id


# An end date


def test_a3_end_date_is_set_moved_and_lifted(home, ada):
    end = home.now + timedelta(days=10)
    home.change(Account, ada.id, warned_of="expiry", warned_at=home.now)
    with home.db.writing() as db:
        set_expiry(db, ada.id, end, home.now, "a test")
    row = row_of(home, ada.id)
    assert (row.expires_at, row.warned_of) == (end, None)
    home.change(Account, ada.id, state="expired", expires_at=home.now)
    with home.db.writing() as db:
        set_expiry(db, ada.id, None, home.now, "a test")
    row = row_of(home, ada.id)
    assert (row.state, row.expires_at, row.state_changed_at) == ("active", None, home.now)
    assert left(home, ada.id) == EVERYTHING
    assert {one.detail["expires"] for one in steps.events(home, Event.ACCOUNT_CHANGED)} == {end.isoformat(), "never"}


@pytest.mark.parametrize(
    ("values", "days", "sentence"),
    [
        pytest.param({}, 0, "This day has passed", id="now"),
        pytest.param({"is_file_managed": True}, 5, "tenants file rules", id="the file rules"),
        pytest.param({"role": "owner"}, 5, "last owner or admin", id="AC-06: the last owner"),
    ],
)
def test_end_dates_that_are_refused(home, values, days, sentence):
    ada = factories.account(home, **values)
    with pytest.raises(LifecycleError, match=sentence), home.db.writing() as db:
        set_expiry(db, ada.id, home.now + timedelta(days=days), home.now, "a test")
    assert row_of(home, ada.id).expires_at is None


# T9: a whole tenant


def test_t9_everybody_loses_what_is_local_and_the_back_door_nothing(home, ada):
    holder = rows.door_holder(home)
    rows.backdoor(home)
    by_door = factories.session(home, holder, method="door")
    by_connection = factories.session(home, ada, method="partners")
    rows.login_transaction(home, purpose="door_set_up", pending_sealed="x", account_id=holder.id)
    with home.db.writing() as db:
        assert local_holders(db) >= {ada.id}
        withdraw_from_all(db, home.now)
        assert local_holders(db) == frozenset()
    assert left(home, ada.id) == EVERYTHING | LOCAL | WAITING | {"MailedCode": 0, "BrowserSession": 1}
    assert left(home, holder.id)["LoginTransaction"] == 1
    with home.db.reading() as db:
        assert db.scalars(select(DoorCredential.password_hash)).one() is not None
        assert set(db.scalars(select(BrowserSession.id).where(BrowserSession.ended_at.is_(None)))) == {
            by_door.row.id,
            by_connection.row.id,
        }
    assert (row_of(home, ada.id).state, row_of(home, ada.id).is_local_enabled) == ("active", True)
