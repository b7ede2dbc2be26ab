"""Every page of the console: who opens it, what it costs, what it asks for anew; and what a change leaves behind."""

import pytest

from broker.console.changes import fingerprint, shown
from broker.console.menu import ENTRIES
from tenants.console_roles import CONSOLE_ROLES, Permission, may, may_give
from tests import factories
from tests.support.console import (
    ANY_TIME,
    FOR_AUDITORS,
    FOR_HELPDESK,
    MOST_STATEMENTS,
    console_places,
    filled,
    send,
    signed_in,
)
from tests.support.doors import SECRET, go_through
from tests.support.rows import backdoor, door_holder
from tests.support.stores import ON_SQLITE
from tests.support.wiring import ORIGIN

MAY = {
    "owner": set(Permission),
    "admin": set(Permission),
    "helpdesk": {Permission.VIEW, Permission.USE_HELPDESK},
    "auditor": {Permission.VIEW, Permission.VIEW_SETTINGS, Permission.READ_AUDIT},
    None: set(),
    "root": set(),
}


@pytest.fixture(scope="module")
def home(broker):
    return factories.tenant(broker)


@pytest.mark.parametrize("role", MAY)
def test_each_role_may_what_it_is_for(role):
    assert {one for one in Permission if may(role, one)} == MAY[role]


def test_ti05_who_looks_after_a_part_configures_nothing_of_the_whole():
    assert {one for one in Permission if may("owner", one, is_delegated=True)} == {
        Permission.VIEW, Permission.MANAGE_USERS, Permission.READ_AUDIT, Permission.USE_HELPDESK,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("role", "other", "is_allowed"),
    [
        ("owner", "owner", True), ("owner", None, True), ("admin", "owner", False), ("admin", "admin", True),
        ("admin", None, True), ("helpdesk", None, False), ("auditor", "helpdesk", False), (None, None, False),
    ],
)  # fmt: skip
def test_ac10_roles_of_owners_are_given_by_owners(role, other, is_allowed):
    assert may_give(role, other) is is_allowed


def test_every_page_takes_few_statements_however_much_there_is(app, broker, count_statements):
    there = filled(broker)
    owner = signed_in(app, there, "owner")
    costs = {}
    for place in console_places(app, there):
        if place.method != "GET":
            continue
        send(owner, there, place)  # warms what is kept
        with count_statements() as count:
            answer = send(owner, there, place)
        assert answer.status_code in {200, 303, 404}, place
        costs[str(place)] = len(count), count.statements
    assert {name: cost for name, cost in costs.items() if cost[0] > MOST_STATEMENTS} == {}


@ON_SQLITE
def test_ti05_console_is_closed_to_people_without_a_role(app, home):
    nobody = signed_in(app, home, None)
    opened = [str(place) for place in console_places(app, home) if send(nobody, home, place).status_code != 403]
    assert opened == []


@ON_SQLITE
@pytest.mark.parametrize(("role", "allowed"), [("auditor", FOR_AUDITORS), ("helpdesk", FOR_HELPDESK)])
def test_ac10_roles_that_change_nothing_send_nothing(app, home, role, allowed):
    who = signed_in(app, home, role)
    sent = [place for place in console_places(app, home) if place.method == "POST" and place.endpoint not in allowed]
    assert [str(place) for place in sent if send(who, home, place).status_code != 403] == []
    assert who.get(f"{home.path}/console/", base_url=ORIGIN).status_code == 200


@ON_SQLITE
def test_ac07_old_proof_makes_no_dangerous_change(app, home):
    """All POSTs, but those that are listed as harmless."""
    owner = signed_in(app, home, "owner", minutes_ago=11)
    asked = [place for place in console_places(app, home) if place.method == "POST" and place.endpoint not in ANY_TIME]
    for place in asked:
        answer = send(owner, home, place)
        assert "your sign-in" in answer.text, place
        assert "/sign-in" in answer.text, place


def test_menu_names_pages_that_are_there(app, home):
    owner = signed_in(app, home, "owner")
    page = owner.get(f"{home.path}/console/", base_url=ORIGIN).text
    for entry in ENTRIES:
        assert entry.endpoint in app.view_functions
        assert str(entry.label) in page
    assert 'aria-current="page"' in page
    assert len({entry.key for entry in ENTRIES}) == len(ENTRIES)
    assert {role for role in CONSOLE_ROLES if may(role, Permission.VIEW)} == CONSOLE_ROLES


# by emergency access


@pytest.fixture
def by_door(broker, browser):
    home = factories.tenant(broker)
    backdoor(home, SECRET)
    holder = door_holder(home)
    home.broker.ports.clock.advance(seconds=3)
    go_through(browser, home, holder)
    return home, holder, browser


def test_emergency_access_opens_the_console_and_says_so(by_door):
    home, _holder, browser = by_door
    assert browser.at == f"{home.path}/console/"
    assert "You’re here by emergency access until" in browser.words
    assert "Your applications" not in browser.words


def test_ac07_emergency_access_is_confirmed_at_the_door(by_door):
    home, holder, browser = by_door
    home.broker.ports.clock.advance(minutes=11)
    browser.open(f"{home.path}/console/confirm")
    assert browser.words.count("Confirm that it’s you") == 1
    wrong = browser.submit(email=holder.email, password="not it", code="000000")
    assert wrong.status == 403
    other = door_holder(home)
    code = other.code(home.broker.ports.clock.advance(seconds=60))
    assert browser.submit(email=other.email, password=other.password, code=code).status == 403
    code = holder.code(home.broker.ports.clock.advance(seconds=60))
    browser.submit(email=holder.email, password=holder.password, code=code)
    assert browser.at == f"{home.path}/console/"


def test_page_for_the_door_is_no_page_for_others(app, home):
    owner = signed_in(app, home, "owner")
    answer = owner.get(f"{home.path}/console/confirm", base_url=ORIGIN)
    assert answer.headers["Location"] == f"{home.path}/console/"


# what a change is made of


def test_fingerprint_tells_values_apart():
    assert fingerprint({"a": 1, "b": None}) == fingerprint({"b": None, "a": 1})
    assert fingerprint({"a": "1"}) != fingerprint({"a": 1})
    assert fingerprint({"a": "\ud800"})


@pytest.mark.parametrize(("value", "text"), [(None, "-"), ((), "-"), (True, "yes"), (["a", "b"], "a, b"), (0, "0")])
def test_values_are_told_as_words(value, text):
    assert shown(value) == text
