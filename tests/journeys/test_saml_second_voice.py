"""A whole sign-in with pysaml2 as the identity provider: our service provider against code that nobody here wrote."""

from datetime import UTC, datetime

import pytest

from broker import create_app
from tests import factories
from tests.browser import Browser
from tests.peers.people import Person
from tests.peers.second_voice import SecondVoice
from tests.support import steps
from tests.support.clock import FakeClock
from tests.support.wiring import make_ports, make_settings


@pytest.fixture
def app_of_today(database_url):
    """pysaml2 asks the system for the time, so the product has to live in the same present."""
    made = create_app(make_settings(database_url), ports=make_ports(FakeClock(datetime.now(UTC))))
    yield made
    made.extensions["broker"].db.dispose()


@pytest.fixture
def idp(tmp_path):
    return SecondVoice("https://second.example", tmp_path)


@pytest.fixture
def home(app_of_today):
    return factories.tenant(app_of_today.extensions["broker"], local_enabled=False, sign_in_page="email_first")


@pytest.fixture
def browser(app_of_today, idp):
    return Browser(app_of_today, others={idp.origin: idp})


def way_of(home, idp, browser, **options):
    values = {"idp_metadata": idp.metadata(), "attributes": "eduperson", **options}
    row = factories.connection(
        home, "company", kind="saml", label="Company login", options=values, secrets={}, provisioning="just_in_time"
    )
    way = steps.Way(home, row, idp)
    steps.listed(home, way=way, proven=True)
    idp.learns(browser.open(f"{home.path}/saml/company/metadata").text)
    idp.person = Person(f"jane@{home.domain}", "Jane", "Doe")
    return way


HOWS = {
    "signed assertion": {"sign_assertion": True},
    "signed response": {"sign_assertion": False, "sign_response": True},
    "both signed": {"sign_assertion": True, "sign_response": True},
    "signed response, encrypted": {
        "sign_response": True,
        "encrypt_assertion": True,
        "encrypt_assertion_self_contained": True,
    },
    "signed assertion, encrypted": {
        "sign_assertion": True,
        "encrypt_assertion": True,
        "encrypt_assertion_self_contained": False,
    },
    "all of it": {
        "sign_assertion": True,
        "sign_response": True,
        "encrypt_assertion": True,
        "encrypt_assertion_self_contained": False,
    },
}
"""In pysaml2's words. What it signs inside and encrypts on its own, no other library verifies (conformance.md, C)."""


@pytest.mark.parametrize("how", HOWS.values(), ids=HOWS)
def test_pysaml2_and_we_understand_each_other(home, idp, browser, how):
    way = way_of(home, idp, browser)
    idp.how = how
    steps.enter_by_saml(browser, home, way)
    assert browser.at == f"{home.path}/"
    assert "Jane Doe" in browser.words


def test_pysaml2_takes_our_request_from_a_form(home, idp, browser):
    way = way_of(home, idp, browser, request_binding="post")
    steps.enter(browser, home, way).submit(press="Continue to Company login")
    assert browser.submit(press="Continue").at == f"{home.path}/"


def test_what_pysaml2_leaves_unsigned_is_refused(home, idp, browser):
    way = way_of(home, idp, browser)
    idp.how = {"sign_assertion": False, "sign_response": False}
    steps.enter_by_saml(browser, home, way)
    assert browser.status == 403
    assert steps.event_of(browser, home).detail["detail"] == "unsigned"


def test_what_pysaml2_signs_with_sha1_is_refused(home, idp, browser):
    way = way_of(home, idp, browser)
    idp.algorithms = {
        "sign_alg": "http://www.w3.org/2000/09/xmldsig#rsa-sha1",
        "digest_alg": "http://www.w3.org/2000/09/xmldsig#sha1",
    }
    steps.enter_by_saml(browser, home, way)
    assert browser.status == 403
    assert steps.event_of(browser, home).detail["detail"] == "signature_algorithm"
