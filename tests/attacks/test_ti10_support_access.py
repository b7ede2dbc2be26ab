"""An operator looks into a tenant's console (TI-10): by consent of an owner, for a time, marked, reading only, in both logs."""

import pytest
from sqlalchemy import select

from tenants.accounts import Account, AccountState
from tenants.audit import Event
from tenants.grants import replace_grants
from tenants.group_rules import NOTHING, Given
from tenants.ids import digest
from tenants.lifecycle import change_state, set_expiry
from tenants.operators import Operator, OperatorSession, end_sessions
from tenants.people import set_role
from tenants.support_access import SupportGrant, SupportVisit
from tenants.tenants import PlatformEvent
from tests import factories
from tests.browser import Browser
from tests.factories import Home
from tests.support import steps
from tests.support.console import as_admin, console_places, send, signed_in
from tests.support.routes import csrf_token
from tests.support.rows import operator, operator_session, stored
from tests.support.stores import ON_SQLITE
from tests.support.wiring import ORIGIN

SECRET = "s" * 40
BANNER = "Olga looks in as an operator, with your organization’s consent"


@pytest.fixture
def home(broker):
    return factories.tenant(broker)


@pytest.fixture
def ada(app, home):
    """An owner's browser."""
    return as_admin(Browser(app), home, factories.account(home, role="owner", name="Ada Owner"))


@pytest.fixture
def olga(broker):
    nobody = Home(broker, "ten_x", "x", None, "org_x")
    made = operator(nobody, name="Olga", set_up_at=broker.ports.clock.now())
    operator_session(nobody, made.id, SECRET + made.id)
    return made


@pytest.fixture
def olgas(app, olga):
    """Her browser, signed in to the operator console."""
    browser = Browser(app)
    browser.client.set_cookie("operator", SECRET + olga.id, domain="localhost")
    return browser


def grant(ada, home, hours="4"):
    ada.open(f"{home.path}/console/support").submit(hours=hours, note="Ticket 4711", press="Let them look in")
    assert "Operators can look in until then." in ada.words


def look_in(browser, home):
    """From the operator console to the tenant's. Returns the address of the way in."""
    browser.open(f"/operator/tenant/{home.slug}").follow("Look into its console")
    browser.submit(reason="Nobody can sign in", press="Make the way in")
    browser.follow("Go to its console")
    way = browser.url
    browser.submit(press="Look in")
    return way


def test_ti10_operator_looks_in_by_consent_alone_reads_and_is_noted(app, broker, home, ada, olga, olgas):
    page = f"/operator/tenant/{home.slug}"
    assert "Look into its console" not in olgas.open(page).words
    olgas.open(f"{page}/look-in").submit(reason="Curious", press="Make the way in")
    assert (olgas.status, "No owner of this tenant has granted support access" in olgas.words) == (400, True)
    grant(ada, home)
    way = look_in(olgas, home)
    assert olgas.at == f"{home.path}/console/"
    assert BANNER in olgas.words
    assert BANNER in olgas.open(f"{home.path}/console/users").words
    assert "Add user" not in olgas.words
    # The way in works once, for whoever has it.
    assert Browser(app).open(way).status == 410
    # It is no session of an account: nothing but the console knows it.
    assert "/sign-in" in olgas.open(f"{home.path}/account/").at
    told = [one for one in steps.events(home) if one.event.startswith("support.")]
    assert {one.event for one in told} == {"support.granted", "support.entered", "support.viewed"}
    assert {one.detail["path"] for one in told if one.event == Event.SUPPORT_VIEWED} == {"/console/", "/console/users"}
    hers = [one.detail for one in told if one.event != Event.SUPPORT_GRANTED]
    assert {(one["by"], one["operator"], one["operator id"]) for one in hers} == {("operator", "Olga", olga.id)}
    assert [one["reason"] for one in hers if "reason" in one] == ["Nobody can sign in"]
    with broker.db.own_tables() as own:
        mine = select(PlatformEvent).where(PlatformEvent.operator_id == olga.id, PlatformEvent.event.is_not(None))
        assert [(one.event, one.tenant_id) for one in own.scalars(mine)] == [("tenant.looked_into", home.id)]
    ada.open(f"{home.path}/console/support")
    assert "Olga" in ada.words
    olgas.open(f"{home.path}/console/").submit(press="Leave")
    assert "You have left this console" in olgas.words
    assert "/sign-in" in olgas.open(f"{home.path}/console/").at


def ended(ada, home, olga):
    ada.open(f"{home.path}/console/support").submit(press="End it now")


def over(ada, home, olga):
    home.broker.ports.clock.advance(hours=1)


def idle(ada, home, olga):
    home.broker.ports.clock.advance(minutes=31)


def switched_off(ada, home, olga):
    with home.broker.db.own_tables() as own:
        own.get_one(Operator, olga.id).is_disabled = True


def signed_out(ada, home, olga):
    """In the operator console, by the session alone that asked; another one of hers is none of the visit."""
    with home.broker.db.own_tables() as own:
        own.delete(own.get_one(OperatorSession, digest(SECRET + olga.id)))
    operator_session(home, olga.id)


def set_up_anew(ada, home, olga):
    """After a lost phone: whatever session there was of before ends."""
    with home.broker.db.own_tables() as own:
        end_sessions(own, olga.id)


def session_over(ada, home, olga):
    with home.broker.db.own_tables() as own:
        own.get_one(OperatorSession, digest(SECRET + olga.id)).expires_at = home.broker.ports.clock.now()


def giver(**values):
    """The owner who granted it is none any more, or is shut out; another owner is not asked."""

    def change(ada, home, olga):
        factories.account(home, role="owner")
        (row,) = stored(home, SupportGrant)
        home.change(Account, row.granted_by, **values)

    return change


ENDS = {
    "grant ended": ended,
    "grant over": over,
    "not used": idle,
    "operator off": switched_off,
    "operator signed out": signed_out,
    "operator set up anew": set_up_anew,
    "operator's session over": session_over,
    "giver disabled": giver(state="disabled"),
    "giver deleted": giver(state="deleted", role=None),
    "giver no owner": giver(role="admin"),
}


@pytest.mark.parametrize("end", ENDS.values(), ids=list(ENDS))
def test_ti10_visit_ends(home, ada, olga, olgas, end):
    grant(ada, home, "1")
    look_in(olgas, home)
    end(ada, home, olga)
    assert BANNER not in olgas.open(f"{home.path}/console/users").words
    assert "/sign-in" in olgas.at


def test_ti10_operator_is_offered_what_is_granted_alone(home, ada, olga, olgas):
    grant(ada, home)
    page = f"/operator/tenant/{home.slug}"
    assert "Look into its console" in olgas.open(page).words
    ENDS["giver no owner"](ada, home, olga)
    assert "Look into its console" not in olgas.open(page).words
    olgas.open(f"{page}/look-in").submit(reason="Look", press="Make the way in")
    assert (olgas.status, "No owner of this tenant has granted support access" in olgas.words) == (400, True)


def late(ada, home, olga):
    home.broker.ports.clock.advance(minutes=3)


@pytest.mark.parametrize("end", [late, ended, ENDS["giver disabled"], set_up_anew])
def test_ti10_ticket_is_short_and_ends_with_the_grant_its_giver_and_the_operators_session(home, ada, olga, olgas, end):
    grant(ada, home)
    olgas.open(f"/operator/tenant/{home.slug}/look-in").submit(reason="Look", press="Make the way in")
    olgas.follow("Go to its console")
    end(ada, home, olga)
    assert olgas.submit(press="Look in").status == 410
    assert [one.opened_at for one in stored(home, SupportVisit)] == [None]


@ON_SQLITE
def test_ti10_whom_an_operator_looks_for_is_noted_and_nothing_else_of_the_address(home, ada, olgas):
    grant(ada, home)
    look_in(olgas, home)
    for asked in ("users?q=jane%40acme.example&state=active&page=7&token=hush", f"audit?event=login.refused&q={'x' * 900}"):
        assert olgas.open(f"{home.path}/console/{asked}").status == 200
    paths = [one.detail["path"] for one in steps.events(home, Event.SUPPORT_VIEWED)]
    assert {one for one in paths if "?" in one} == {
        "/console/users?q=jane@acme.example&state=active",
        f"/console/audit?q={'x' * 200}&event=login.refused",
    }


@ON_SQLITE
def test_ti10_visit_changes_nothing(app, home, ada, olgas):
    """Every POST of the console, whatever it is; and what a form of it would be shown for."""
    grant(ada, home)
    look_in(olgas, home)
    client = app.test_client()
    cookie = olgas.client.get_cookie(f"{home.slug}-support", path=home.path, domain="localhost")
    client.set_cookie(cookie.key, cookie.value, path=home.path, domain="localhost")
    before = len(steps.events(home, Event.CONFIGURATION_CHANGED))
    answers = {
        str(place): send(client, home, place).status_code for place in console_places(app, home) if place.method == "POST"
    }
    assert set(answers.values()) == {403}
    assert client.get(f"{home.path}/console/users/new", base_url=ORIGIN).status_code == 403
    assert len(steps.events(home, Event.CONFIGURATION_CHANGED)) == before


@ON_SQLITE
@pytest.mark.parametrize(("role", "hours", "status"), [("admin", "4", 403), ("auditor", "4", 403), ("owner", "5000", 422)])
def test_ti10_owners_alone_grant_it_and_for_a_while(app, home, role, hours, status):
    who, path = signed_in(app, home, role), "/console/support"
    form = {"csrf_token": csrf_token(who, home, path), "hours": hours}
    assert who.post(f"{home.path}{path}", base_url=ORIGIN, data=form).status_code == status
    assert steps.events(home, Event.SUPPORT_GRANTED) == []


def test_ti10_one_tenants_visit_is_nothing_in_another(broker, home, ada, olgas):
    grant(ada, home)
    look_in(olgas, home)
    other = factories.tenant(broker)
    cookie = olgas.client.get_cookie(f"{home.slug}-support", path=home.path, domain="localhost")
    olgas.client.set_cookie(f"{other.slug}-support", cookie.value, path=other.path, domain="localhost")
    assert "/sign-in" in olgas.open(f"{other.path}/console/").at


def disabled(db, giver, now):
    change_state(db, giver, AccountState.DISABLED, now, "admin")
    yield
    change_state(db, giver, AccountState.ACTIVE, now, "admin")


def no_owner(db, giver, now):
    set_role(db, giver, "admin", None, now, "admin")
    yield
    set_role(db, giver, "owner", None, now, "admin")


def no_owner_by_groups(db, giver, now):
    """Their role came from a connection, which takes it back, and gives it again."""
    replace_grants(db, giver, "con_x", Given(frozenset(), "owner"), now)
    db.get_one(Account, (db.tenant_id, giver)).own_role = None
    replace_grants(db, giver, "con_x", NOTHING, now)
    yield
    replace_grants(db, giver, "con_x", Given(frozenset(), "owner"), now)


def past_their_end(db, giver, now):
    """Nobody has shut them yet when their end is lifted."""
    db.get_one(Account, (db.tenant_id, giver)).expires_at = now
    db.flush()
    yield
    set_expiry(db, giver, None, now, "admin")


@pytest.mark.parametrize("change", [disabled, no_owner, no_owner_by_groups, past_their_end])
def test_ti10_grant_ends_with_its_giver_and_does_not_wake_with_them(home, ada, olgas, change):
    factories.account(home, role="owner")
    grant(ada, home)
    (given,) = stored(home, SupportGrant)
    with home.db.writing() as db:
        assert len(list(change(db, given.granted_by, home.now))) == 1
    (given,) = stored(home, SupportGrant)
    assert given.revoked_at == home.now
    (told,) = steps.events(home, Event.SUPPORT_REVOKED)
    assert (told.account_id, told.detail["by"]) == (given.granted_by, "support")
    assert "no owner any more" in told.detail["reason"]
    giver = stored(home, Account, id=given.granted_by)[0]
    assert (giver.state, giver.role, giver.expires_at) == ("active", "owner", None)
    assert "Look into its console" not in olgas.open(f"/operator/tenant/{home.slug}").words
