"""Roles and organizations in the console: given and taken, for all of the tenant or a part; a tree with rules of its own."""

import pytest

from tenants.accounts import Account
from tenants.audit import Event
from tenants.last_admin import load_admins
from tenants.organization_policies import Overrides, policies_of, policy_below, read_overrides
from tenants.organization_tree import load_tree
from tenants.organizations import Organization
from tenants.policies import TenantPolicy
from tests import factories
from tests.browser import Browser
from tests.journeys.test_console_people import account_of, at, come_in, posted
from tests.support import rows, steps
from tests.support.rows import stored


@pytest.fixture
def home(broker):
    return factories.tenant(broker)


def test_role_is_given_for_a_part_and_taken_back(app, home):
    browser, boss = come_in(app, home)
    part = rows.organization(home)
    ada = factories.account(home, name="Ada", organization_id=part.id)
    browser.open(at(home, "/admins")).follow("Give somebody a role")
    browser.submit(email="nobody@x.example", role="admin", press="Save")
    assert "Nobody has this address" in browser.words
    browser.submit(email=ada.email, role="owner", part=part.id, press="Save")
    assert "An owner is one of the whole organization" in browser.words
    browser.open(at(home, "/admins/new")).submit(email=ada.email, role="admin", part=part.id, press="Save")
    row = account_of(home, ada.email)
    assert (row.role, row.own_role, row.admin_organization_id) == ("admin", "admin", part.id)
    assert ada.email in browser.words
    browser.open(at(home, f"/users/{ada.id}/role")).submit(role="", part="", press="Save")
    row = account_of(home, ada.email)
    assert (row.role, row.admin_organization_id) == (None, None)
    told = [one.detail for one in steps.events(home, Event.ACCOUNT_CHANGED) if one.account_id == ada.id]
    assert {one["by"] for one in told} == {boss.id}
    assert {(one["before role"], one["after role"]) for one in told} == {("-", "admin"), ("admin", "-")}


def test_ac06_ac10_roles_that_stay(app, home):
    """One's own; an owner's for an admin; the last owner's; who looks after a part does not count."""
    owner, boss = come_in(app, home)
    assert "your own role" in posted(owner, home, f"/users/{boss.id}/role", role="", part="").text
    admin, eve = come_in(app, home, "admin")
    assert "Only owners" in posted(admin, home, f"/users/{boss.id}/role", role="admin", part="").text
    assert "Only owners" in posted(admin, home, f"/users/{factories.account(home).id}/role", role="owner", part="").text
    part = rows.organization(home)
    home.change(Account, eve.id, admin_organization_id=part.id)
    other, second = come_in(app, home)
    assert posted(other, home, f"/users/{boss.id}/role", role="auditor", part="").status_code == 303
    third = factories.account(home, role="admin")
    home.change(Account, third.id, role="owner", own_role="owner", state="disabled")
    helper, _ = come_in(app, home)
    home.change(Account, _.id, role="admin", own_role="admin")
    assert "Only owners" in posted(helper, home, f"/users/{second.id}/role", role="", part="").text
    assert account_of(home, second.email).role == "owner"


def test_organizations_are_made_moved_ruled_and_deleted(app, home):
    browser, _boss = come_in(app, home)
    browser.open(at(home, "/organizations")).follow("Add organization").submit(
        name="Acme Müller & Co", press="Add organization"
    )
    browser.open(at(home, "/organizations/new")).submit(name="Studio", press="Add organization")
    made = {row.name: row for row in stored(home, Organization)}
    acme, studio = made["Acme Müller & Co"], made["Studio"]
    assert (acme.key, acme.parent_id) == ("acme-muller-co", home.root)
    page = at(home, "/organizations/studio")
    browser.open(page).submit(parent=acme.id, local_enabled="off", session_idle_minutes="10", press="Save")
    assert "Own rules" in browser.words
    moved = stored(home, Organization, id=studio.id)[0]
    assert (moved.parent_id, moved.policy_overrides) == (acme.id, {"local_enabled": False, "session_idle_minutes": 10})
    browser.open(at(home, f"/organizations/{acme.key}"))
    seen = browser.page.forms[-1].fields["seen"].value
    values = {"name": acme.name, "seen": seen, "parent": studio.id}
    assert "below itself" in posted(browser, home, f"/organizations/{acme.key}", **values).text
    assert "changed this meanwhile" in posted(browser, home, f"/organizations/{acme.key}", **(values | {"seen": "old"})).text
    browser.open(page).submit(session_idle_minutes="1", press="Save")
    assert browser.status == 422
    browser.open(at(home, f"/organizations/{acme.key}/delete")).submit(press="Delete the organization")
    assert "There are organizations below it" in browser.words
    browser.open(at(home, "/organizations/studio/delete")).submit(press="Delete the organization")
    assert [row.name for row in stored(home, Organization, id=studio.id)] == []
    assert posted(browser, home, "/organizations/root/delete").status_code == 409


def test_ac06_rules_of_a_part_leave_the_last_admin_a_way(app, home):
    """Neither may its e-mail and password go, nor its place, nor may the last one get where there is none."""
    browser, boss = come_in(app, home)
    near, off = rows.organization(home), rows.organization(home)
    home.change(Organization, off.id, policy_overrides={"local_enabled": False})
    steps.notice(home)
    browser.open(at(home, f"/users/{boss.id}/edit")).submit(organization=off.id, press="Save")
    assert (browser.status, account_of(home, boss.email).organization_id) == (409, home.root)
    assert "would have a way in any more" in browser.words
    browser.open(at(home, f"/users/{boss.id}/edit")).submit(organization=near.id, press="Save")
    assert account_of(home, boss.email).organization_id == near.id
    for change in ({"local_enabled": "off"}, {"parent": off.id}):
        browser.open(at(home, f"/organizations/{near.key}")).submit(**change, press="Save")
        assert (browser.status, "would have a way in any more" in browser.words) == (409, True)
    row = stored(home, Organization, id=near.id)[0]
    assert (row.parent_id, row.policy_overrides) == (home.root, {})
    factories.account(home, role="admin")
    browser.open(at(home, f"/organizations/{near.key}")).submit(local_enabled="off", press="Save")
    assert stored(home, Organization, id=near.id)[0].policy_overrides == {"local_enabled": False}
    # Who is in such a part is no admin who is left.
    with home.db.writing() as db:
        admins = load_admins(db)
    assert (admins.ways.local, admins.people[boss.id].is_local_enabled) == (True, False)


POLICY = TenantPolicy(local_enabled=True, email_factor=True, session_idle_minutes=60, session_absolute_minutes=720)
STRICTER = {
    "nothing": ({}, {}),
    "off": ({"local_enabled": False}, {"local_enabled": False}),
    "on is not more than what is above": ({"local_enabled": True, "email_factor": True}, {}),
    "shorter": ({"session_idle_minutes": 10}, {"session_idle_minutes": 10}),
    "longer does not count": ({"session_idle_minutes": 90, "session_absolute_minutes": 999}, {}),
    "idle never outlives the end": (
        {"session_absolute_minutes": 30},
        {"session_absolute_minutes": 30, "session_idle_minutes": 30},
    ),
}


@pytest.mark.parametrize(("own", "changes"), STRICTER.values(), ids=STRICTER)
def test_policy_of_a_part_is_stricter_or_the_same(own, changes):
    assert policy_below(POLICY, Overrides.model_validate(own)) == POLICY.model_copy(update=changes)


def test_policy_comes_down_the_tree(home):
    above = rows.organization(home)
    below = home.add(
        Organization(id="org_b", key="b", name="B", parent_id=above.id, policy_overrides={"email_factor": False, "new": 1})
    )
    home.change(Organization, above.id, policy_overrides={"local_enabled": False})
    with home.db.reading() as db:
        found = policies_of(load_tree(db), POLICY)
    assert set(found) == {above.id, below.id}
    assert (found[below.id].local_enabled, found[below.id].email_factor, found[above.id].email_factor) == (False, False, True)
    assert read_overrides(None) == Overrides()


def test_t8_part_without_local_sign_in_refuses_a_right_password(app, home, browser):
    """And nobody else's: the main organization has it, and so have its other parts."""
    part = rows.organization(home)
    home.change(Organization, part.id, policy_overrides={"local_enabled": False})
    ada, eve = factories.account(home, with_totp=True, organization_id=part.id), factories.account(home, with_totp=True)
    steps.sign_in(browser, home, eve)
    assert browser.at == f"{home.path}/"
    other = Browser(app).open(f"{home.path}/sign-in").submit(email=ada.email)
    other.submit(password=ada.password)
    assert other.status == 403
    assert "This way to sign in isn’t switched on for you" in other.words


def test_t8_session_of_a_part_ends_sooner(app, home):
    part = rows.organization(home)
    home.change(Organization, part.id, policy_overrides={"session_absolute_minutes": 30, "session_idle_minutes": 20})
    near, _ = come_in(app, home, organization_id=part.id)
    far, _ = come_in(app, home)
    home.broker.ports.clock.advance(minutes=19)
    assert near.open(at(home, "/users")).status == far.open(at(home, "/users")).status == 200
    home.broker.ports.clock.advance(minutes=12)
    assert "/sign-in" in near.open(at(home, "/users")).at
    assert far.open(at(home, "/users")).status == 200
