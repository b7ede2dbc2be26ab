"""Emergency access as owners and admins look after it in the console."""

import re

import pytest

from tenants.audit import Event
from tenants.backdoors import Backdoor
from tests import factories
from tests.support import steps
from tests.support.rows import backdoor, door_holder, stored


@pytest.fixture
def home(broker):
    return factories.tenant(broker)


@pytest.fixture
def ada(home):
    return factories.account(home, role="owner")


def press(at_home, home, label, **values):
    at_home.open(f"{home.path}/console/door")
    return at_home.submit(values, press=label)


def shown_once(at_home) -> str:
    return re.findall(r'data-value="([^"]+)"', at_home.text)[0]


def test_ac05_the_address_is_shown_once_and_an_old_one_is_unknown(home, at_home, new_browser):
    press(at_home, home, "Open it")
    first = shown_once(at_home)
    assert first.startswith(f"{home.url}/door/")
    assert first not in at_home.open(f"{home.path}/console/door").text
    press(at_home, home, "Give it a new address")
    second = shown_once(at_home)
    home.broker.ports.clock.advance(seconds=3)
    assert new_browser().open(first).status == 404
    assert new_browser().open(second).status == 200
    press(at_home, home, "Close it")
    home.broker.ports.clock.advance(seconds=3)
    assert new_browser().open(second).status == 404
    assert stored(home, Backdoor) == []
    events = steps.events(home, Event.DOOR_CHANGED)
    assert {one.detail["what"] for one in events} == {"opened", "rotated", "closed"}
    assert first.rpartition("/")[2] not in str([one.detail for one in events])


def test_an_admin_is_marked_by_a_link_and_unmarked(home, at_home, new_browser):
    other = factories.account(home, role="admin")
    factories.account(home)
    press(at_home, home, "Open it")
    press(at_home, home, "Mark, and make a link", email=other.email)
    link = shown_once(at_home)
    assert f"{home.url}/activate/door/" in link
    assert "Not set up yet" in at_home.words
    assert new_browser().open(link).status == 200
    press(at_home, home, f"Take it back {other.email}")
    assert new_browser().open(link).status != 200
    assert [one.account_id for one in steps.events(home, Event.DOOR_REVOKED)] == [other.id]


def test_who_is_no_admin_is_not_marked(home, at_home):
    plain = factories.account(home)
    factories.account(home, role="admin")
    press(at_home, home, "Open it")
    at_home.open(f"{home.path}/console/door")
    form = next(one for one in at_home.page.forms if "email" in one.fields)
    sent = {name: field.value for name, field in form.fields.items()} | {"email": plain.email}
    page = at_home.post(f"{home.path}/console/door", sent)
    assert page.status == 422
    assert "Only owners and admins can be marked" in page.words


def test_ranges_are_checked_and_two_at_once_are_told(home, at_home):
    backdoor(home)
    page = press(at_home, home, "Save the ranges", networks="10.0.0.0/8, here")
    assert page.status == 422
    assert "A network is an address range" in page.words
    assert "here" in page.text
    press(at_home, home, "Save the ranges", networks="10.0.0.0/8")
    assert stored(home, Backdoor)[0].networks == ["10.0.0.0/8"]
    at_home.open(f"{home.path}/console/door")
    home.change(Backdoor, "door", networks=["192.0.2.0/24"])
    assert at_home.submit({"networks": ""}, press="Save the ranges").status == 409


def test_a_drill_that_is_due_is_said(home, at_home):
    backdoor(home)
    door_holder(home)
    assert "90 days without a drill" in at_home.open(f"{home.path}/console/door").words
