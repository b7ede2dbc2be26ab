"""The routing simulator says what the sign-in pages do, and looks no account up (requirements.md, R7)."""

import pytest

from tests import factories
from tests.support import steps
from tests.support.console import as_admin


@pytest.fixture
def home(broker):
    return factories.tenant(broker)


@pytest.fixture
def at_simulator(browser, home, oidc_peer):
    steps.janes_way(home, oidc_peer)
    app = factories.application(home, key="expenses", name="Travel Expenses", accepted_connections=["local"])
    assert app.key == "expenses"
    as_admin(browser, home, factories.account(home, role="auditor"))
    return browser.follow("Routing simulator")


ASKED = {
    "a domain that leads somewhere": ({"address": "jane@{domain}"}, "Acme SSO, straight away", "prefers Acme SSO"),
    "any other address": ({"address": "x@partner.example"}, "E-mail and password, straight away", "belongs to no connection"),
    "an application that takes passwords only": (
        {"address": "jane@{domain}", "application": "expenses"},
        "E-mail and password, straight away",
        "does not accept Acme SSO",
    ),
    "nothing typed": (
        {"network": "192.0.2.7"},
        "The page on which they choose",
        "The person chooses: Acme SSO, e-mail and password.",
    ),
    "a hint": ({"hint": "sso"}, "Acme SSO, straight away", "The application asks for Acme SSO."),
}


@pytest.mark.parametrize(("typed", "lands", "why"), ASKED.values(), ids=ASKED)
def test_where_somebody_lands_and_why(home, at_simulator, typed, lands, why):
    at_simulator.submit({name: text.format(domain=home.domain) for name, text in typed.items()}, press="Show the way")
    assert lands in at_simulator.words
    assert why in at_simulator.words


def test_answer_is_the_same_whether_there_is_an_account(home, at_simulator):
    factories.account(home, "known@partner.example")
    pages = []
    for address in ("known@partner.example", "other@partner.example"):
        at_simulator.open(f"{home.path}/console/routing?address={address}")
        pages.append(at_simulator.words.replace(address, "?"))
    assert pages[0] == pages[1]


@pytest.mark.parametrize("typed", [{"address": "jane"}, {"network": "10.0.0"}, {"address": "<script>alert(1)</script>@x"}])
def test_what_is_no_address_is_said_at_its_field(at_simulator, typed):
    at_simulator.submit(typed, press="Show the way")
    assert (at_simulator.status, at_simulator.title.startswith("Error: ")) == (400, True)
    assert "<script>alert" not in at_simulator.text
