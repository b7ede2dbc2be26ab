"""Attacks on the way back from a SAML identity provider, through the whole product (security.md, SU)."""

import base64
from urllib.parse import urlencode

import pytest
from flask import Flask

from broker import create_app
from tenants.audit import Event
from tenants.domains import Domain
from tests import factories
from tests.browser import Browser
from tests.peers.people import Person
from tests.peers.saml import Asked
from tests.peers.xml_signing import saml_key
from tests.support import steps
from tests.support.wiring import make_ports, make_settings


@pytest.fixture
def home(broker):
    return factories.tenant(broker, local_enabled=False, sign_in_page="email_first")


@pytest.fixture
def way(home, saml_peer):
    made = steps.saml_way(home, saml_peer)
    steps.listed(home, way=made, proven=True)
    made.idp.person = Person(f"jane@{home.domain}", "Jane", "Doe")
    return made


def away(browser, home, way):
    """As far as the provider: what it would have the browser post, and where."""
    browser.stop_at(way.origin)
    steps.enter(browser, home, way)
    url, form = way.idp.answer(browser.foreign)
    browser.foreign = None
    return url, form


def refused(browser, home, cause, detail=None):
    """Nobody came in, and the page's reference leads to the one audit event that says why."""
    assert browser.status in (400, 403), str(browser)
    event = steps.event_of(browser, home)
    assert event.cause == cause
    assert detail in (None, event.detail.get("detail"))
    assert not browser.cookie("sid")
    return event


def test_su15_replayed_response_is_refused_in_the_same_browser_and_in_another(home, way, browser, new_browser):
    url, form = away(browser, home, way)
    assert browser.post(url, form).at == f"{home.path}/"
    for one in (browser, new_browser()):
        one.forget_cookies()
        one.post(url, form)
        refused(one, home, "flow_expired")
    assert len(steps.events(home, Event.LOGIN_SUCCEEDED)) == 1


def test_su15_replay_in_the_browser_that_came_in_opens_no_second_session(home, way, browser):
    url, form = away(browser, home, way)
    browser.post(url, form)
    browser.post(url, form)
    assert browser.status == 400
    assert steps.event_of(browser, home).cause == "flow_expired"
    assert len(steps.events(home, Event.LOGIN_SUCCEEDED)) == 1


def test_su15_replay_is_refused_by_another_process_and_after_a_restart(home, way, browser, database_url, clock):
    url, form = away(browser, home, way)
    browser.post(url, form)
    other = create_app(make_settings(database_url), ports=make_ports(clock))
    restarted = Browser(other, browser.home)
    restarted.client._cookies.update(browser.client._cookies)
    assert restarted.post(url, form).status == 400
    assert len(steps.events(home, Event.LOGIN_SUCCEEDED)) == 1
    other.extensions["broker"].db.dispose()


def test_su15_assertion_that_a_provider_gives_out_twice_counts_once(home, way, browser, new_browser):
    way.idp.says(assertion_id="_the_same")
    url, form = away(browser, home, way)
    assert browser.post(url, form).at == f"{home.path}/"
    second = new_browser()
    url, form = away(second, home, way)
    second.post(url, form)
    event = refused(second, home, "assertion_replayed", "replay")
    assert event.connection_id == way.row.id
    assert "This answer of Company login was used before" in second.words


def test_su15_same_response_sent_twenty_times_at_once_opens_one_session(home, way, app, browser):
    url, form = away(browser, home, way)
    query = f"{url}?{urlencode(form)}"
    path = query.removeprefix(browser.home)

    def send():
        client = app.test_client()
        client._cookies.update(browser.client._cookies)
        return client.get(path, base_url=browser.home).status_code

    answers = steps.at_once([send] * 20)
    assert sorted(answers)[0] == 303
    assert answers.count(303) == 1
    assert len(steps.events(home, Event.LOGIN_SUCCEEDED)) == 1


def test_su13_response_for_the_neighbour_is_refused(home, way, broker, saml_peer, browser, new_browser):
    """Two tenants with the same provider; the response for one is brought to the other."""
    neighbour = factories.tenant(broker, local_enabled=False, sign_in_page="email_first")
    theirs = steps.saml_way(neighbour, saml_peer, idp=way.idp)
    steps.notice(home)
    _, there = away(new_browser(), neighbour, theirs)
    url, here = away(browser, home, way)
    browser.post(url, {**here, "SAMLResponse": there["SAMLResponse"]})
    refused(browser, home, "upstream_response_invalid", "destination")


def test_su13_response_for_another_connection_is_refused(home, way, saml_peer, browser, new_browser):
    other = steps.saml_way(home, saml_peer, "partners", idp=way.idp)
    steps.notice(home)
    url, here = away(browser, home, way)
    theirs, there = away(new_browser(), home, other)
    browser.post(url, {**here, "SAMLResponse": there["SAMLResponse"]})
    refused(browser, home, "upstream_response_invalid", "destination")
    browser.forget_cookies()
    url, here = away(browser, home, way)
    browser.post(theirs, here)
    refused(browser, home, "flow_expired", "state")


@pytest.mark.parametrize("part", ["audiences", "recipient"])
def test_su13_response_signed_for_the_neighbour_with_our_destination_is_refused(home, way, browser, part):
    there = f"{home.url}2/saml/{way.key}"
    way.idp.says(**{"audiences": {"audiences": [[f"{there}/metadata"]]}, "recipient": {"recipient": f"{there}/acs"}}[part])
    url, form = away(browser, home, way)
    browser.post(url, form)
    refused(browser, home, "upstream_response_invalid", part.removesuffix("s"))


def test_su12_address_is_the_stored_one_whatever_the_request_says(home, way, browser):
    """A response for the Host that an attacker names is not for us."""
    url, form = away(browser, home, way)
    evil = way.idp.says(destination=url.replace("localhost:8000", "evil.example"))
    asked = evil.seen[-1]
    body = {**form, "SAMLResponse": base64.b64encode(evil.response(asked)).decode()}
    browser.post(url, body, x_forwarded_host="evil.example")
    refused(browser, home, "upstream_response_invalid", "destination")


def test_su17_stolen_response_in_a_browser_without_the_transaction_is_refused(home, way, browser, new_browser):
    url, form = away(browser, home, way)
    victim = new_browser()
    victim.post(url, form, origin="https://saml.example")
    refused(victim, home, "flow_expired", "state")
    assert browser.post(url, form).at == f"{home.path}/"


def test_su17_attackers_response_in_a_browser_with_its_own_transaction_is_refused(home, way, browser, new_browser):
    """Login CSRF: the victim is to be signed in as the attacker."""
    url, attackers = away(new_browser(), home, way)
    _, own = away(browser, home, way)
    browser.post(url, {**own, "SAMLResponse": attackers["SAMLResponse"]})
    refused(browser, home, "upstream_response_invalid", "inresponseto")


def test_su18_response_that_nobody_asked_for_is_refused_and_offers_to_begin(home, way, browser):
    asked_by_another = Browser(browser._apps[browser.home], browser.home, others={})
    url, form = away(asked_by_another, home, way)
    way.idp.says(in_response_to=None, scd_in_response_to=None)
    unsolicited = base64.b64encode(way.idp.response(way.idp.seen[-1])).decode()
    for relay_state in ("", "https://evil.example", form["RelayState"]):
        browser.post(url, {"SAMLResponse": unsolicited, "RelayState": relay_state})
        refused(browser, home, "flow_expired", "unsolicited")
        assert "evil" not in browser.response.headers.get("Location", "")
    assert "Start again" in [link.label for link in browser.page.links]
    asked_by_another.post(url, {**form, "SAMLResponse": unsolicited})
    refused(asked_by_another, home, "upstream_response_invalid", "unsolicited")


@pytest.fixture
def open_way(way):
    """A connection at which sign-in may begin at the provider."""
    way.change(options=way.idp.options(allow_idp_initiated=True))
    return way


def unsolicited(way, acs, **says):
    """What the provider's portal posts, as the person that it thinks is there."""
    idp = way.idp
    asked = Asked("", acs, f"{acs.removesuffix('/acs')}/metadata", "", None, is_signed=False)
    idp.says(in_response_to=None, scd_in_response_to=None, **says)
    body = base64.b64encode(idp.response(asked)).decode()
    idp._says.clear()
    return {"SAMLResponse": body, "RelayState": ""}


def acs_of(home, way):
    return f"{home.url}/saml/{way.key}/acs"


def test_su18_portal_leads_to_a_request_of_our_own_and_whoever_is_there_comes_in(home, open_way, browser):
    """An attacker's own response, posted by the victim's browser, does not sign the victim in as the attacker."""
    way, victim = open_way, open_way.idp.person
    way.idp.person = Person(f"eve@{home.domain}", "Eve", "Roe")
    attackers = unsolicited(way, acs_of(home, way))
    way.idp.person = victim
    browser.post(acs_of(home, way), attackers, origin="https://evil.example")
    assert not browser.cookie("sid"), "nothing is open before our own request was answered"
    assert way.idp.seen[-1].id
    assert way.idp.seen[-1].document.get("ForceAuthn") is None
    browser.submit(press="Continue")
    assert browser.at == f"{home.path}/"
    assert "Jane Doe" in browser.words
    assert len(steps.events(home, Event.LOGIN_SUCCEEDED)) == 1


def test_su18_relay_state_counts_only_where_it_names_an_application(home, open_way, browser):
    app = factories.application(home, launch_url="https://app.example/start")
    off = factories.application(home, launch_url="https://off.example/", is_enabled=False)
    for relay_state, place in (
        (app.key, "https://app.example/start"),
        (off.key, f"{home.path}/"),
        ("https://evil.example/", f"{home.path}/"),
        ("//evil.example", f"{home.path}/"),
        (f"{home.path}/account", f"{home.path}/"),
        ("", f"{home.path}/"),
    ):
        browser.forget_cookies()
        browser.stop_at("https://app.example")
        browser.post(acs_of(home, open_way), unsolicited(open_way, acs_of(home, open_way)) | {"RelayState": relay_state})
        browser.submit(press="Continue")
        assert (browser.foreign or browser.at) == place, relay_state
        browser.foreign = None
    assert browser.open(f"{home.path}/open/nobody").at == f"{home.path}/"
    browser.forget_cookies()
    assert browser.open(f"{home.path}/open/{app.key}").path == f"{home.path}/sign-in"


def test_su18_what_begins_there_is_checked_like_everything(home, open_way, browser, saml_peer, clock):
    way, here = open_way, acs_of(home, open_way)
    good = unsolicited(way, here)
    cases = {
        "audience": lambda: unsolicited(way, here, audiences=[["https://elsewhere.example"]]),
        "recipient": lambda: unsolicited(way, here, recipient=f"{here}2"),
        "destination": lambda: unsolicited(way, here, destination="https://evil.example/acs"),
        "time": lambda: unsolicited(way, here, issue_instant="2001-01-01T00:00:00Z"),
        "inresponseto": lambda: unsolicited(way, here, scd_not_on_or_after=None) and _answering(way, here),
    }
    for word, make in cases.items():
        clock.advance(minutes=2)
        browser.post(here, make())
        refused(browser, home, "upstream_response_invalid", word)
    for signs, word in (((), "unsigned"), (("Assertion",), "signature")):
        clock.advance(minutes=2)
        way.idp.signs_parts(*signs)
        if signs:
            way.idp.keys.insert(0, saml_key(66))
        browser.post(here, unsolicited(way, here))
        refused(browser, home, "upstream_response_invalid", word)
    assert not steps.events(home, Event.LOGIN_SUCCEEDED)
    assert good


def _answering(way, acs):
    """It says at one place that it answers a request, though not where it shows at once."""
    asked = Asked("_some", acs, f"{acs.removesuffix('/acs')}/metadata", "", None, is_signed=False)
    way.idp.says(in_response_to=None)
    body = base64.b64encode(way.idp.response(asked)).decode()
    way.idp._says.clear()
    return {"SAMLResponse": body}


def test_su18_replay_of_what_began_there_is_refused_and_nobody_is_sent_round_for_ever(home, open_way, browser, new_browser):
    way, here = open_way, acs_of(home, open_way)
    form = unsolicited(way, here)
    browser.post(here, form)
    other = new_browser()
    other.post(here, form)
    refused(other, home, "assertion_replayed", "replay")
    for _ in range(8):
        browser.post(here, unsolicited(way, here))
    refused(browser, home, "flow_expired", "unsolicited")
    way.change(is_enabled=False)
    last = new_browser()
    home.broker.ports.clock.advance(minutes=2)
    last.post(here, unsolicited(way, here))
    refused(last, home, "connection_disabled")


def test_su13_each_connection_has_an_entity_id_of_its_own(home, way, broker, saml_peer, browser):
    neighbour = factories.tenant(broker, local_enabled=False)
    ways = [(home, way), (home, steps.saml_way(home, saml_peer, "partners", idp=way.idp))]
    ways.append((neighbour, steps.saml_way(neighbour, saml_peer, way.key, idp=way.idp)))
    steps.notice(home)
    names = {
        browser.open(f"{one.path}/saml/{two.key}/metadata").text.partition('entityID="')[2].partition('"')[0]
        for one, two in ways
    }
    assert names == {f"{one.url}/saml/{two.key}/metadata" for one, two in ways}
    assert len(names) == 3


@pytest.mark.parametrize("change", ["switched off", "key withdrawn", "deleted"])
def test_su20_what_an_admin_did_meanwhile_counts(home, way, browser, change):
    url, form = away(browser, home, way)
    if change == "deleted":
        with home.db.writing() as db:
            for row in db.query(Domain):
                row.connection_id = None
            db.flush()
            db.delete(db.get_one(type(way.row), (home.id, way.row.id)))
    elif change == "switched off":
        home.change(type(way.row), way.row.id, is_enabled=False)
    else:
        home.change(type(way.row), way.row.id, options=way.idp.options(), version=2)
    browser.post(url, form)
    assert browser.status in (400, 403, 404)
    assert not browser.cookie("sid")
    assert not steps.events(home, Event.LOGIN_SUCCEEDED)
    if change == "switched off":
        refused(browser, home, "connection_disabled")


def test_su25_hostile_words_of_a_provider_reach_neither_page_nor_log_as_they_are(home, way, browser, capsys):
    words = '<script>alert(1)</script>\r\n{"event": "forged"}\x1b[2J'.replace("\x1b", "\u009b")
    way.idp.refuses("Responder", "RequestDenied", words)
    url, form = away(browser, home, way)
    browser.post(url, form)
    event = refused(browser, home, "upstream_denied")
    assert "<script>alert" not in browser.text
    assert event.detail["description"].startswith("<script>alert(1)</script> ")
    assert "\n" not in event.detail["description"]
    assert "\u009b" not in event.detail["description"]
    assert not any('"event": "forged"' in line for line in capsys.readouterr().err.splitlines())


def test_su26_body_beyond_measure_is_413_and_a_long_one_a_refusal(home, way, browser):
    url, form = away(browser, home, way)
    browser.post(url, {**form, "SAMLResponse": "A" * 300_000})
    assert browser.status == 413
    browser.post(url, {**form, "SAMLResponse": "A" * 201_000})
    assert browser.status == 403


def test_su26_field_that_comes_twice_is_refused(home, way, browser):
    url, form = away(browser, home, way)
    browser.open(f"{url}?{urlencode([*form.items(), *form.items()])}")
    assert browser.status == 403
    assert not browser.cookie("sid")


@pytest.fixture
def secure_app(database_url, clock):
    made = create_app(make_settings(database_url, base_url="https://login.example"), ports=make_ports(clock))
    yield made
    made.extensions["broker"].db.dispose()


@pytest.fixture
def secure_home(secure_app: Flask):
    return factories.tenant(secure_app.extensions["broker"], local_enabled=False, sign_in_page="email_first")


def test_su17_on_https_the_response_is_taken_by_post_alone_with_a_cookie_that_comes_along(secure_app, secure_home, saml_peer):
    browser = Browser(secure_app, "https://login.example", others={saml_peer.origin: saml_peer})
    way = steps.saml_way(secure_home, saml_peer)
    steps.listed(secure_home, way=way, proven=True)
    way.idp.person = Person(f"jane@{secure_home.domain}", "Jane", "Doe")
    url, form = away(browser, secure_home, way)
    assert url == f"https://login.example/t/{secure_home.slug}/saml/{way.key}/acs"
    cookie = next(one for one in browser.client._cookies.values() if one.key.endswith("-tx"))
    assert (cookie.secure, cookie.http_only, cookie.same_site) == (True, True, "None")
    assert browser.open(f"{url}?{urlencode(form)}").status == 405
    browser.post(url, form, origin=saml_peer.origin, sec_fetch_site="cross-site")
    assert browser.at == f"{secure_home.path}/"
    session = next(one for one in browser.client._cookies.values() if one.key.endswith("-sid"))
    assert session.same_site == "Lax"
