"""U8: access that was withdrawn ends here, for the browser and for what applications hold (PI-04, its refresh part)."""

import pytest

from tenants.accounts import Account
from tenants.audit import Event
from tenants.connections import Connection
from tenants.identities import Identity
from tests import factories
from tests.support import steps
from tests.support.relying_party import RelyingParty
from tests.support.testing_ways import command_of, done


@pytest.fixture
def home(broker):
    return factories.tenant(broker)


@pytest.fixture
def sso(home, oidc_peer):
    return steps.janes_way(home, oidc_peer)


@pytest.fixture
def rp(home, sso, app, browser):
    """An application in Jane's browser that has tokens for her, also for when she is away."""
    made = RelyingParty.of(app, home)
    steps.enter(browser, home, sso)
    made.browser = browser.client
    made.body = made.tokens(scope="openid offline_access")
    return made


def refreshed(rp):
    answer = rp.refresh(rp.body["refresh_token"])
    rp.body = answer.json
    return rp.body.get("error", "tokens")


def identity(home):
    with home.db.reading() as db:
        return db.query(Identity).one()


def test_pi04_refresh_ends_with_the_account_the_connection_or_the_identity(home, sso, rp, browser):
    assert refreshed(rp) == "tokens"
    for case, model, row_id, off, on in (
        ("account", Account, identity(home).account_id, {"state": "disabled"}, {"state": "active"}),
        ("connection", Connection, sso.row.id, {"is_enabled": False}, {"is_enabled": True}),
    ):
        home.change(model, row_id, **off)
        access = rp.body["access_token"]
        assert rp.userinfo(access).status_code == 401, case
        assert refreshed(rp) == "invalid_grant", case
        home.change(model, row_id, **on)
        rp.body = rp.tokens(scope="openid offline_access")
        assert refreshed(rp) == "tokens", case
    with home.db.writing() as db:
        db.delete(db.get_one(Identity, (home.id, identity(home).id)))
    assert rp.userinfo(rp.body["access_token"]).status_code == 401
    assert refreshed(rp) == "invalid_grant"


def test_pi04_session_ends_with_the_account_at_the_next_request(home, sso, rp, browser):
    home.change(Account, identity(home).account_id, state="disabled")
    assert not steps.is_signed_in(browser, home)


def test_connection_that_is_switched_off_ends_its_sessions_unless_that_is_said(home, sso, rp, browser, database_url):
    """Whatever becomes of who is in: nobody comes in any more, and applications get nothing new for them."""
    command = command_of(home, database_url)
    factories.admin(home)
    assert "go on" in done(command("switch", sso.key, "off", "--keep-sessions"))
    assert steps.is_signed_in(browser, home)
    assert refreshed(rp) == "invalid_grant"
    assert "1 session of people who came by it ended." in done(command("switch", sso.key, "off"))
    assert not steps.is_signed_in(browser, home)
    (event,) = steps.events(home, Event.SIGNED_OUT)
    assert (event.connection_id, event.detail) == (sso.row.id, {"by": "operator", "ended": "1"})
    assert command("switch", sso.key, "on", "--keep-sessions").exit_code == 1


def test_refresh_costs_no_more_for_all_that(home, sso, rp, count_statements):
    with count_statements() as count:
        assert refreshed(rp) == "tokens"
    assert len(count) <= 3, count.statements
