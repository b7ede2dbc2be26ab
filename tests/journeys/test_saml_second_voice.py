"""Signing in and out with pysaml2 as the identity provider: our service provider against code that nobody here wrote."""

from datetime import UTC, datetime

import pytest
from saml2 import BINDING_HTTP_POST, BINDING_HTTP_REDIRECT

from broker import create_app
from broker.provider_metadata import Followed, refresh
from tenants.audit import Event
from tenants.connections import Connection
from tests import factories
from tests.browser import Browser
from tests.peers.people import Person
from tests.peers.second_voice import SecondVoice
from tests.support import steps
from tests.support.clock import FakeClock
from tests.support.commands import environment, run
from tests.support.stores import ON_SQLITE
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
    app_of_today.extensions["broker"].ports.http.open(idp.origin, idp)
    return Browser(app_of_today, others={idp.origin: idp})


def way_of(home, idp, browser, **options):
    described = {} if "metadata_url" in options else {"idp_metadata": idp.metadata()}
    values = {**described, "attributes": "eduperson", **options}
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


def is_let_in(browser, home, way):
    browser.forget_cookies()
    steps.enter_by_saml(browser, home, way)
    return browser.at == f"{home.path}/"


def our_metadata(browser, home):
    return browser.open(f"{home.path}/saml/company/metadata").text


@ON_SQLITE
def test_pysaml2_hides_the_name_from_everybody_else(home, idp, browser):
    way = way_of(home, idp, browser)
    assert is_let_in(browser, home, way)
    idp.hides_name = True
    assert is_let_in(browser, home, way)
    assert "Jane Doe" in browser.words
    assert len(steps.events(home, Event.ACCOUNT_CREATED)) == 1, "the name inside is the one that came in the clear"


@ON_SQLITE
def test_pysaml2_changes_its_key_at_an_address_that_is_read(home, idp, browser):
    way = way_of(home, idp, browser, metadata_url=idp.issuer)
    assert is_let_in(browser, home, way)
    idp.rolls(31, keeps_signing=True)
    reads_anew(home, way)
    idp.rolls(31, keeps_signing=False)
    assert is_let_in(browser, home, way), "it was told of before it signs"
    idp.rolls(32, keeps_signing=False)
    assert not is_let_in(browser, home, way), "nobody was told of this one"
    reads_anew(home, way)
    assert is_let_in(browser, home, way)
    assert len(steps.events(home, Event.METADATA_TAKEN)) == 3


@ON_SQLITE
def test_pysaml2_follows_a_change_of_our_key(home, idp, browser, database_url):
    way = way_of(home, idp, browser)
    idp.how = HOWS["signed response, encrypted"]
    for what in ("roll", "use"):
        more = ("--yes",) if what == "use" else ()
        assert run("keys", what, home.slug, *more, **environment(database_url)).exit_code == 0
        steps.notice(home)
        if what == "roll":
            idp.learns(our_metadata(browser, home))
        assert is_let_in(browser, home, way), what
    assert run("keys", "retire", home.slug, "--yes", **environment(database_url)).exit_code == 0
    steps.notice(home)
    idp.learns(our_metadata(browser, home))
    assert is_let_in(browser, home, way)


@ON_SQLITE
@pytest.mark.parametrize("binding", ["redirect", "post"])
def test_who_signs_out_here_is_signed_out_at_pysaml2(home, idp, browser, binding):
    way = way_of(home, idp, browser, sign_out_there=True)
    if binding == "post":
        only_posts(way, idp)
    assert is_let_in(browser, home, way)
    browser.open(f"{home.path}/").submit(press="Sign out")
    steps.go_along(browser)
    if binding == "post":
        browser.submit(press="Continue to Company login").submit(press="Continue")
    assert browser.at == f"{home.path}/signed-out"
    assert "did not confirm" not in browser.words
    assert len(idp.ended) == 1
    assert not steps.events(home, Event.LOGOUT_UNFINISHED)
    assert not steps.is_signed_in(browser, home)


@ON_SQLITE
@pytest.mark.parametrize("binding", [BINDING_HTTP_REDIRECT, BINDING_HTTP_POST], ids=["redirect", "post"])
def test_who_signs_out_at_pysaml2_is_signed_out_here(home, idp, browser, binding):
    way = way_of(home, idp, browser)
    if binding == BINDING_HTTP_POST:
        only_posts(way, idp)
    assert is_let_in(browser, home, way)
    ours = f"{home.url}/saml/company/slo"
    asked = idp.sign_out(ours, binding)
    if binding == BINDING_HTTP_REDIRECT:
        browser.open(asked)
    else:
        browser.post(ours, asked, origin=way.origin)
        browser.submit(press="Continue to Company login")
    assert browser.words == "Signed out here too."
    assert idp.answers == ["urn:oasis:names:tc:SAML:2.0:status:Success"]
    assert browser.open(f"{home.url}/").path == f"{home.path}/sign-in"
    (event,) = steps.events(home, Event.SIGNED_OUT)
    assert event.connection_id == way.row.id


def only_posts(way, idp):
    """Its metadata as it is, without the other binding for logout."""
    there = f'<ns0:SingleLogoutService Binding="{BINDING_HTTP_REDIRECT}" Location="{idp.origin}/slo" />'
    assert there in idp.metadata()
    way.change(options={**way.row.options, "idp_metadata": idp.metadata().replace(there, "")})


def reads_anew(home, way):
    """The next reading of what stands at an address. (No time passes: pysaml2 has the system's.)"""
    with home.db.reading() as db:
        followed = Followed.of(home.id, db.get_one(Connection, (home.id, way.row.id)))
    refresh(home.broker, followed)
    steps.notice(home)


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
