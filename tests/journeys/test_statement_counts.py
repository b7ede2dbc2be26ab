"""How many statements a sign-in through an identity provider costs: eight, as performance.md asks (four and four)."""

import pytest

from tests import factories
from tests.peers.people import Person
from tests.support import steps


@pytest.fixture
def home(broker):
    return factories.tenant(broker, local_enabled=False)


def test_known_person_comes_back_with_three_and_five_statements(home, entra_peer, new_browser, count_statements):
    way = steps.entra_way(home, entra_peer)
    steps.listed(home, way=way, proven=True)
    way.idp.person = Person(f"jane@{home.domain}", "Jane", "Doe")
    steps.enter(new_browser(), home, way)  # makes the account, and warms what is kept
    browser = new_browser().stop_at(way.origin)
    browser.open(f"{home.path}/sign-in/again")
    tx = browser.at.partition("tx=")[2].partition("&")[0]
    with count_statements() as start:
        browser.open(f"{home.path}/sign-in/go/{way.key}?tx={tx}")
    back = way.idp.approve(browser.foreign, way.idp.person).partition("://")[2].partition("/")[2]
    with count_statements() as finish:
        answer = browser.client.get(f"/{back}", base_url="http://localhost:8000")
    assert answer.status_code == 303
    assert (len(start), start.commits) == (3, 1), start.statements
    assert (len(finish), finish.commits) == (5, 2), finish.statements
