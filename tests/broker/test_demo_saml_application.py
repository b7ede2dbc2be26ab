"""The sample application that speaks SAML, against the product itself: both ways in, both ways out, and what it refuses."""

from datetime import UTC, datetime

import pytest
from flask import Flask, Response

from broker import create_app
from broker.demo.peers import serving
from broker.demo.saml.keys import new_key_pair
from broker.demo.saml_application import make_saml_application
from broker.demo.saml_party import IdentityProvider
from broker.system import SystemClock
from tenants.saml_applications import AcsAddress, AttributeRule, SamlApplicationConfig
from tests import factories
from tests.browser import Browser
from tests.support import steps
from tests.support.clock import FakeClock
from tests.support.demo import free_ports
from tests.support.saml_rows import saml_application
from tests.support.stores import ON_SQLITE
from tests.support.wiring import ORIGIN, make_ports, make_settings

pytestmark = ON_SQLITE
SHIFTS = "http://127.0.0.1:8010"


@pytest.fixture(scope="module")
def product(database_url):
    """python3-saml asks the system for the time, so the product has to live in the same present."""
    app = create_app(make_settings(database_url), ports=make_ports(FakeClock(datetime.now(UTC))))
    yield app
    app.extensions["broker"].db.dispose()


@pytest.fixture(scope="module")
def home(product):
    return factories.tenant(product.extensions["broker"])


@pytest.fixture(scope="module")
def shifts(product, home):
    """Known at one organization; another one is silent."""
    pair = new_key_pair("Shift Planner", SystemClock().now())
    config = SamlApplicationConfig(
        entity_id=f"{SHIFTS}/metadata/acme",
        acs=(AcsAddress(f"{SHIFTS}/acs/acme", 0),),
        slo={"redirect": f"{SHIFTS}/slo/acme"},
        slo_answers={"redirect": f"{SHIFTS}/slo/acme"},
        certificates=(pair.certificate,),
        encryption_certificate=pair.certificate,
        wants_signed_requests=True,
        may_begin_here=True,
        attributes=(AttributeRule("name", "name", format="basic"),),
    )
    saml_application(home, config, key="shifts", name="Shift Planner")
    document = Browser(product).open(f"{home.path}/saml/idp/metadata").response.data
    origin, silent = f"http://127.0.0.1:{free_ports()}", f"http://127.0.0.1:{free_ports() + 1}"
    described = Flask("metadata")
    described.add_url_rule("/", view_func=lambda: Response(document), endpoint="metadata")
    providers = [
        IdentityProvider("acme", "Acme Group", origin, f"{ORIGIN}{home.path}/"),
        IdentityProvider("silent", "Silent Works", silent, silent),
    ]
    with serving({origin: described}):
        yield make_saml_application("Shift Planner", "shifts", providers, pair)


@pytest.fixture
def ada(home):
    return factories.account(home, name="Ada Lovelace")


@pytest.fixture
def browser(product, shifts):
    return Browser(product, others={SHIFTS: shifts})


def sign_in(browser, home, ada):
    browser.open(SHIFTS).submit(press="Sign in with Acme Group")
    steps.prove(browser.submit(email=ada.email), home, ada)
    return browser.submit(press="Continue to Shift Planner")


def arrive(browser):
    """Let the pages that only hand over do so."""
    while browser.page.refresh:
        browser.wait()


def test_person_comes_from_the_application_and_signs_out_there(browser, home, ada):
    sign_in(browser, home, ada)
    assert browser.url == f"{SHIFTS}/"
    for words in ("Ada Lovelace", "name Ada Lovelace", "nameid-format:persistent", "How it began The application asked"):
        assert words in browser.words
    arrive(browser.submit(press="Sign out"))
    assert browser.url == f"{SHIFTS}/signed-out"
    assert browser.open(f"{ORIGIN}{home.path}/").path == f"{home.path}/sign-in"
    assert "Nobody is signed in here any more" in browser.post(f"{SHIFTS}/sign-out").words


def test_person_comes_from_the_portal_and_signs_out_of_the_organization(browser, home, ada):
    steps.sign_in(browser, home, ada)
    browser.follow("Shift Planner").submit(press="Continue to Shift Planner")
    assert "From the organization’s page of applications" in browser.words
    arrive(browser.open(f"{ORIGIN}{home.path}/").submit(press="Sign out"))
    assert "Shift Planner Signed out" in browser.words
    assert "Welcome to Shift Planner" in browser.open(SHIFTS).words


def test_conditions_are_handed_on_and_a_no_is_shown(browser, home, ada):
    sign_in(browser, home, ada)
    browser.open(f"{SHIFTS}/sign-in/acme?ask=always")
    assert browser.path.startswith(f"{home.path}/sign-in")
    stranger = Browser(browser._apps[ORIGIN], others={SHIFTS: browser._apps[SHIFTS]})
    stranger.open(f"{SHIFTS}/sign-in/acme?ask=never").submit(press="Continue to Shift Planner")
    assert (stranger.status, "NoPassive" in stranger.words) == (400, True)


def test_answer_is_for_the_browser_that_asked_and_forged_ones_are_for_nobody(product, shifts, browser, home, ada):
    browser.open(SHIFTS).submit(press="Sign in with Acme Group")
    steps.prove(browser.submit(email=ada.email), home, ada)
    fields = {name: one.value for name, one in browser.page.forms[0].fields.items()}
    victim = Browser(product, others={SHIFTS: shifts})
    assert "answers no request of this browser" in victim.post(f"{SHIFTS}/acs/acme", fields).words
    assert victim.post(f"{SHIFTS}/acs/acme", {"SAMLResponse": "bm9uZQ=="}).status == 400
    assert victim.post(f"{SHIFTS}/acs/acme", {}).status == 400
    assert victim.open(f"{SHIFTS}/slo/acme?SAMLRequest=bm9uZQ==").status == 400
    assert "Welcome" in victim.open(SHIFTS).words


def test_organization_that_does_not_answer_is_told_and_an_unknown_one_is_not_found(browser):
    assert browser.open(f"{SHIFTS}/sign-in/silent").status == 400
    assert "You aren’t signed in" in browser.words
    assert browser.open(f"{SHIFTS}/sign-in/nobody").status == 404
    assert b"EntityDescriptor" in browser.open(f"{SHIFTS}/metadata/acme").response.data
