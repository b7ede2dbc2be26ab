"""For whom an application is: the portal shows it, it opens, and it stops at once where that ends (R5, S2)."""

import pytest

from tenants.accounts import Account, Grant
from tenants.applications import Application
from tenants.assignments import assign, unassign
from tenants.audit import Event
from tenants.ids import new_id
from tests import factories
from tests.support import steps
from tests.support.relying_party import RelyingParty
from tests.support.rows import organization


@pytest.fixture
def home(broker):
    return factories.tenant(broker)


@pytest.fixture
def rp(app, home) -> RelyingParty:
    """An application that is for nobody yet."""
    return RelyingParty.of(app, home, is_assigned_only=True).signed_in()


def portal(rp: RelyingParty, query: str = "") -> str:
    return rp.browser.get(f"{rp.home.path}/{query}").get_data(as_text=True)


def names(rp: RelyingParty, *, person: bool) -> None:
    change = assign if person else unassign
    with rp.home.db.writing() as db:
        assert change(db, rp.application.id, rp.session.row.account_id, at=rp.home.now, by="test")
        assert not change(db, rp.application.id, rp.session.row.account_id, at=rp.home.now, by="test")


def test_a_person_who_is_named_opens_it_until_they_are_not(rp):
    assert rp.application.name not in portal(rp)
    assert rp.authorize(prompt="none").parameters["error"] == "access_denied"
    assert rp.authorize().status == 403

    names(rp, person=True)
    assert rp.application.name in portal(rp)
    token = rp.tokens(scope="openid offline_access")["refresh_token"]

    names(rp, person=False)
    assert rp.application.name not in portal(rp)
    assert rp.refresh(token).json["error"] == "invalid_grant"
    told = {event.event for event in steps.events(rp.home)}
    assert {Event.APPLICATION_ASSIGNED, Event.APPLICATION_UNASSIGNED} <= told


def test_an_organization_lets_in_the_people_of_its_parts(rp):
    north = organization(rp.home)
    oslo = rp.home.add(type(north)(id=new_id("org"), key="oslo-1", name="Oslo", parent_id=north.id))
    rp.home.change(Application, rp.application.id, assigned_organizations=[north.id])
    assert rp.authorize().status == 403, "the person belongs to the whole"
    rp.home.change(Account, rp.session.row.account_id, organization_id=oslo.id)
    assert rp.application.name in portal(rp)
    assert rp.tokens()["id_token"]


def test_ti01_an_assignment_of_another_tenant_opens_nothing(rp, broker):
    elsewhere = factories.tenant(broker)
    stranger = factories.account(elsewhere)
    with elsewhere.db.writing() as db:
        db.add(Grant(id=new_id("gra"), account_id=stranger.id, kind="application", value=rp.application.id, source="assigned"))
    assert rp.authorize().status == 403


def test_many_applications_can_be_searched(app, home):
    rp = RelyingParty.of(app, home, name="Zebra Crossing").signed_in()
    assert 'type="search"' not in portal(rp)
    for number in range(9):
        factories.application(home, name=f"Tool {number}")
    page = portal(rp)
    assert 'type="search"' in page
    assert page.index("Tool 3") < page.index("Zebra Crossing")
    found = portal(rp, "?q=zebra+CROSS")
    assert "Zebra Crossing" in found
    assert "Tool 3" not in found
    assert "No application matches “&lt;b&gt;”" in portal(rp, "?q=%3Cb%3E")
