"""Local sign-in switched off, for a tenant by its file or for one account, and on again: nothing of before works.

Rows LC-09 and LC-10 of security.md, with T9 and SF-10; the back door is exempt.
"""

from datetime import timedelta

import pytest

from tenants.accounts import Account, AccountState
from tenants.audit import Event
from tenants.lifecycle import change_state, reset_factors, set_local
from tests import factories
from tests.factories import Someone
from tests.support import rows, steps
from tests.support.by_mail import FLOWS, choose, enrol, prove_address
from tests.support.doors import SECRET, go_through
from tests.support.manifests import LOCAL_ON, SMALL, Desk

LINK = "a-token-of-before"


@pytest.fixture
def home(post):
    return factories.tenant(post.broker)


@pytest.fixture
def ada(home):
    return factories.account(home, f"ada@{home.domain}")


def switch_tenant(home, folder):
    """Off and on, as `broker apply` does it with a file."""
    desk = Desk(home.broker.db, folder, home.slug, now=home.now)
    told = desk.apply(SMALL, confirmed_credentials=1)
    assert [line for line in told if line.endswith("deletes the local credentials of 1 account")]
    desk.apply(LOCAL_ON)
    steps.notice(home)


def switch_account(home, ada):
    with home.db.writing() as db:
        set_local(db, ada.id, False, home.now, "a test")
        set_local(db, ada.id, True, home.now, "a test")


BY_WHAT = {
    "for the tenant": lambda home, ada, folder: switch_tenant(home, folder),
    "for the account": lambda home, ada, folder: switch_account(home, ada),
}
either_way = pytest.mark.parametrize("switch", BY_WHAT.values(), ids=BY_WHAT.keys())


@either_way
def test_lc09_nothing_of_before_works_when_it_is_on_again(post, home, ada, tmp_path, switch):
    factories.invitation(home, f"{LINK}-{home.slug}", ada.id, purpose="reset")
    inside, halfway, setting_up = post.browser(), post.browser(), post.browser()
    steps.sign_in(inside, home, ada)
    assert steps.is_signed_in(inside, home)
    halfway.open(f"{home.path}/sign-in").submit(email=ada.email).submit(password=ada.password)
    prove_address(post, setting_up, home, ada.email).submit(code=steps.fresh_code(home, ada))
    assert setting_up.path == f"{home.path}/reset/password"

    switch(home, ada, tmp_path)

    assert not steps.is_signed_in(inside, home)
    halfway.submit(code=steps.fresh_code(home, ada))
    assert steps.event_of(halfway, home).cause == "flow_expired"
    assert not steps.is_signed_in(halfway, home)
    choose(setting_up)
    assert setting_up.status >= 400
    stranger = post.browser().open(f"{home.path}/activate/{LINK}-{home.slug}")
    assert steps.event_of(stranger, home).cause == "invitation_used"
    again = post.browser().open(f"{home.path}/sign-in").submit(email=ada.email).submit(password=ada.password)
    assert (again.path, again.status) == (f"{home.path}/sign-in/password", 403)


@either_way
@pytest.mark.both_databases
@pytest.mark.parametrize("flow", FLOWS)
def test_t9_everybody_sets_up_anew(post, home, ada, tmp_path, switch, flow):
    """The state stays; the address is proven by a mailed code, then password and app are new."""
    switch(home, ada, tmp_path)
    browser = prove_address(post, post.browser(), home, ada.email, flow)
    choose(browser)
    someone = enrol(browser, home, ada.email, ada.id)
    assert steps.sign_in(post.browser(), home, someone).at == f"{home.path}/"
    with home.db.reading() as db:
        assert db.get_one(Account, (home.id, ada.id)).state == "active"


def test_lc10_back_door_works_while_the_method_is_off(post, home, ada, tmp_path):
    rows.backdoor(home, SECRET)
    holder = rows.door_holder(home)
    Desk(home.broker.db, tmp_path, home.slug, now=home.now).apply(SMALL, confirmed_credentials=1)
    steps.notice(home)
    browser = go_through(post.browser(), home, holder)
    assert browser.at == f"{home.path}/console/"
    closed = post.browser().open(f"{home.path}/sign-in/password")
    assert closed.status >= 400


def test_sf10_reset_factors_open_nothing_to_whoever_had_them(post, home, ada):
    inside, halfway = post.browser(), post.browser()
    steps.sign_in(inside, home, ada)
    halfway.open(f"{home.path}/sign-in").submit(email=ada.email).submit(password=ada.password)
    with home.db.writing() as db:
        reset_factors(db, ada.id, home.now)
    assert not steps.is_signed_in(inside, home)
    halfway.submit(code=steps.fresh_code(home, ada))
    assert not steps.is_signed_in(halfway, home)
    again = post.browser().open(f"{home.path}/sign-in").submit(email=ada.email).submit(password=ada.password)
    assert not steps.is_signed_in(again, home)
    assert steps.events(home, Event.LOGIN_SUCCEEDED)[-1].at < home.now


def test_lc09_who_is_switched_off_and_given_back_has_no_session_and_no_link_of_before(post, home, ada):
    factories.invitation(home, f"{LINK}-{home.slug}", ada.id, purpose="reset")
    inside, halfway = post.browser(), post.browser()
    steps.sign_in(inside, home, ada)
    halfway.open(f"{home.path}/sign-in").submit(email=ada.email).submit(password=ada.password)
    with home.db.writing() as db:
        change_state(db, ada.id, AccountState.DISABLED, home.now, "a test")
        change_state(db, ada.id, AccountState.ACTIVE, home.now, "a test")
    assert not steps.is_signed_in(inside, home)
    halfway.submit(code=steps.fresh_code(home, ada))
    assert not steps.is_signed_in(halfway, home)
    stranger = post.browser().open(f"{home.path}/activate/{LINK}-{home.slug}")
    assert steps.event_of(stranger, home).cause == "invitation_used"
    assert steps.sign_in(post.browser(), home, ada).at == f"{home.path}/"


def test_a2_reactivated_account_signs_in_with_what_it_had(post, home, ada):
    long_ago = home.now - timedelta(days=800)
    home.change(Account, ada.id, last_login_at=long_ago, activated_at=long_ago, created_at=long_ago, state="inactive")
    refused = post.browser().open(f"{home.path}/sign-in").submit(email=ada.email).submit(password=ada.password)
    assert steps.event_of(refused, home).cause == "account_inactive"
    with home.db.writing() as db:
        change_state(db, ada.id, AccountState.ACTIVE, home.now, "a test")
    assert steps.sign_in(post.browser(), home, ada).at == f"{home.path}/"


def test_deleted_person_is_a_stranger(post, home, ada):
    inside = post.browser()
    steps.sign_in(inside, home, ada)
    with home.db.writing() as db:
        change_state(db, ada.id, AccountState.DELETED, home.now, "a test")
    assert not steps.is_signed_in(inside, home)
    again = post.browser().open(f"{home.path}/sign-in").submit(email=ada.email).submit(password=ada.password)
    assert (again.path, again.status) == (f"{home.path}/sign-in/password", 403)
    newcomer = factories.account(home, ada.email)
    assert isinstance(newcomer, Someone)
    assert newcomer.id != ada.id
