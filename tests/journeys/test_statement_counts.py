"""How many statements and commits a sign-in costs: by an identity provider eight, as performance.md asks (four and four)."""

import pytest

from tests import factories
from tests.peers.people import Person
from tests.support import steps
from tests.support.relying_party import RelyingParty


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


def post(browser, **values):
    """The form of the page, and nothing of what comes after it."""
    [form] = [one for one in browser.page.forms if values.keys() <= one.fields.keys()]
    data = {name: field.value for name, field in form.fields.items() if field.value is not None} | values
    return browser.client.post(browser.path, base_url="http://localhost:8000", data=data)


def test_password_costs_eleven_statements_and_the_code_fifteen(broker, browser, count_statements):
    """The password counts its try before it is checked, and goes on: two commits. The code counts and is checked in one; its
    second is the session's, the only one that waits for the disk."""
    home = factories.tenant(broker)
    ada = factories.account(home)
    steps.type_address(browser, home, ada.email)
    with count_statements() as password:
        answer = post(browser, password=ada.password)
    browser.open(answer.location)
    with count_statements() as code:
        answer = post(browser, code=ada.code(home.now))
    assert answer.location == f"{home.path}/"
    assert (len(password), password.commits) == (11, 2), password.statements
    assert (len(code), code.commits) == (15, 2), code.statements
    locks = [said for said in code.statements if said.startswith(("SELECT accounts.id", "UPDATE login_transactions"))]
    assert "FROM accounts" in locks[-2], "the account is locked before the attempt ends"


def test_code_flow_costs_two_commits_also_where_the_session_is_seen(app, home, clock, count_statements):
    rp = RelyingParty.of(app, home).signed_in()
    rp.tokens()
    with count_statements() as seen_lately:
        rp.tokens()
    clock.advance(minutes=2)
    with count_statements() as not_seen_lately:
        rp.tokens()
    assert (len(seen_lately), seen_lately.commits) == (5, 2), seen_lately.statements
    looked_up = [said for said in not_seen_lately.statements if "FROM tenants" in said]
    assert (len(not_seen_lately) - len(looked_up), not_seen_lately.commits) == (6, 2), not_seen_lately.statements
