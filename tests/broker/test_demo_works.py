"""The demo's simulated company login by itself: whom it answers, and that our SAML kind takes what it signs."""

import base64
from datetime import timedelta

import pytest
from lxml import etree

from broker.demo.people import STAFF
from broker.demo.saml.keys import KeyPair, new_key_pair
from broker.demo.saml.requests import ServiceProvider, read_request
from broker.demo.saml.site import make_company_login
from broker.demo.saml.switches import SWITCHES
from broker.kept import Kept
from broker.ports import Ports
from broker.system import SystemRandomness
from broker.upstream.kind import Assertion, FlowContext, ReturnData
from broker.upstream.saml import Saml, SamlOptions
from tenants.causes import Cause, UpstreamFailure
from tests.browser import Browser
from tests.support.clock import START, FakeClock
from tests.support.saml_edge import own_keys

ORIGIN = "http://127.0.0.1:8006"
BASE = "http://localhost:8000/t/union/saml/works"
HANA = STAFF[0]
KIND = Saml()


@pytest.fixture(scope="module")
def keys() -> dict[str, KeyPair]:
    return {name: new_key_pair(name, START, has_ended=name == "old") for name in ("today", "old", "stranger")}


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def browser(keys: dict[str, KeyPair], clock: FakeClock) -> Browser:
    known = ServiceProvider("Union Works", f"{BASE}/metadata", f"{BASE}/acs")
    return Browser(make_company_login(ORIGIN, known, keys, clock), ORIGIN)


def sign_in(browser: Browser, clock: FakeClock, switch: str = "normal", binding: str = "redirect") -> Assertion:
    """There by our own request, and what our side makes of the answer."""
    ports = Ports(clock, SystemRandomness(), None, None, Kept(clock))  # type: ignore[arg-type]  # it asks nobody
    metadata = browser.open("/metadata").text
    options = SamlOptions(idp_metadata=metadata, attributes="okta", request_binding=binding)
    values = {"connection": "con", "callback_url": f"{BASE}/acs", "state": "s" * 43, "nonce": "n", "verifier": "v"}
    start = KIND.start(options, FlowContext(**values, now=clock.now(), own_keys=own_keys), ports)
    browser.post(start.url, dict(start.form)) if start.form else browser.open(start.url)
    browser.submit(press=HANA.id, switch=switch)
    (form,) = browser.page.forms
    assert form.action == f"{BASE}/acs"
    sent = {name: field.value or "" for name, field in form.fields.items()}
    tx = FlowContext(**values, now=clock.now(), own_keys=own_keys, kept=start.keep)
    return KIND.finish(options, tx, ReturnData("POST", sent), ports)


@pytest.mark.parametrize("binding", ["redirect", "post"])
def test_picked_person_comes_back_with_what_our_side_believes(browser: Browser, clock: FakeClock, binding: str) -> None:
    arrived = sign_in(browser, clock, binding=binding)
    assert (arrived.issuer, arrived.subject, arrived.email) == (f"{ORIGIN}/metadata", HANA.id, HANA.email)
    assert (arrived.given_name, arrived.groups) == (HANA.given_name, HANA.groups)


@pytest.mark.parametrize(
    ("switch", "word"),
    [
        ("unknown_certificate", "signature"),
        ("unsigned", "unsigned"),
        ("changed", "signature"),
        ("wrong_audience", "audience"),
        ("clock_ahead", "time"),
        ("clock_behind", "time"),
        ("replay", "inresponseto"),
        ("transient", "subject"),
    ],
)
def test_mistake_is_the_one_that_its_switch_names(browser: Browser, clock: FakeClock, switch: str, word: str) -> None:
    sign_in(browser, clock)
    clock.advance(seconds=30)
    with pytest.raises(UpstreamFailure) as failure:
        sign_in(browser, clock, switch)
    assert (failure.value.cause, failure.value.detail) == (Cause.UPSTREAM_RESPONSE_INVALID, word)


@pytest.mark.parametrize("switch", [one for one in SWITCHES if one.status[0] != "Success"], ids=lambda one: one.key)
def test_refusal_is_the_one_that_its_switch_names(browser: Browser, clock: FakeClock, switch) -> None:
    with pytest.raises(UpstreamFailure) as failure:
        sign_in(browser, clock, switch.key)
    assert failure.value.cause is switch.cause


def test_certificate_that_has_run_out_is_taken_and_warned_of(browser: Browser, clock: FakeClock) -> None:
    assert sign_in(browser, clock, "expired_certificate").subject == HANA.id
    options = SamlOptions(idp_metadata=browser.open("/metadata").text)
    ports = Ports(clock, SystemRandomness(), None, None, Kept(clock))  # type: ignore[arg-type]  # it asks nobody
    assert "certificate_ended" in {finding.code for finding in KIND.check(options, ports)}


def test_answer_with_an_old_id_is_marked_by_it(browser: Browser, clock: FakeClock) -> None:
    first, second = sign_in(browser, clock), sign_in(browser, clock, "old_id")
    assert first.once is not None
    assert second.once is not None
    assert first.once.name == second.once.name


def test_replay_without_an_earlier_answer_answers_nobody(browser: Browser, clock: FakeClock) -> None:
    with pytest.raises(UpstreamFailure, match="inresponseto"):
        sign_in(browser, clock, "replay")


def test_every_switch_is_tried_here_or_on_the_way(clock: FakeClock) -> None:
    assert {one.clock_off for one in SWITCHES} == {timedelta(), timedelta(minutes=10), timedelta(minutes=-10)}
    assert len({one.key for one in SWITCHES}) == len(SWITCHES)


@pytest.mark.parametrize(
    "query",
    ["", "?SAMLRequest=", "?SAMLRequest=%25", "?SAMLRequest=AAAA", "?SAMLRequest=s0ksSQQA"],
    ids=["nothing", "empty", "no base64", "not packed", "no XML"],
)
def test_what_is_no_request_is_not_answered(browser: Browser, query: str) -> None:
    browser.open(f"/sso{query}")
    assert browser.status == 400
    assert browser.page.forms == []


def test_answers_go_to_the_known_service_only(browser: Browser) -> None:
    document = etree.fromstring(
        '<p:AuthnRequest xmlns:p="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:a="urn:oasis:names:tc:SAML:2.0:assertion"'
        f' ID="_1" AssertionConsumerServiceURL="https://evil.example/acs"><a:Issuer>{BASE}/metadata</a:Issuer></p:AuthnRequest>'
    )
    encoded = base64.b64encode(etree.tostring(document)).decode()
    asked = read_request({"SAMLRequest": encoded}, is_form=True)
    assert asked is not None
    assert asked.acs_url == "https://evil.example/acs"
    assert browser.post("/sso", {"SAMLRequest": encoded}).status == 400
    form = {"SAMLRequest": encoded, "binding": "POST", "person": HANA.id, "switch": "normal"}
    assert browser.post("/pick", form).status == 400


def test_front_page_shows_both_sides(browser: Browser) -> None:
    browser.open("/")
    assert f"{ORIGIN}/metadata" in browser.words
    assert f"{BASE}/acs" in browser.words
