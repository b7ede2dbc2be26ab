"""Logout as a weapon: OU-20 (back-channel logout tokens) and SU-23 (SAML single logout). Sessions live on."""

import tracemalloc

import pytest

from broker.saml_xml.arriving import MAX_INFLATED
from tenants.audit import Event
from tests import factories
from tests.peers.people import Person
from tests.peers.saml_logout import deflated
from tests.support import steps
from tests.support.logout_cases import wrong_messages
from tests.support.wiring import ORIGIN


@pytest.fixture
def home(broker):
    return factories.tenant(broker)


@pytest.fixture
def jane(home):
    return Person(f"jane@{home.domain}", "Jane", "Doe")


@pytest.fixture
def sso(home, oidc_peer, jane, browser):
    """Jane has come in by it, in a session that the provider calls `s-1`."""
    way = steps.oidc_way(home, oidc_peer)
    steps.listed(home, way=way, proven=True)
    way.idp.person = jane
    way.idp.says(sid="s-1")
    steps.enter(browser, home, way)
    return way


@pytest.fixture
def company(home, saml_peer, jane, browser):
    """Jane has come in by it."""
    way = steps.saml_way(home, saml_peer)
    steps.listed(home, way=way, proven=True)
    way.idp.person = jane
    way.idp.learns(browser.open(f"{home.path}/saml/{way.key}/metadata").response.data)
    steps.enter_by_saml(browser, home, way)
    return way


def tell(app, home, way, token, **form):
    data = {"logout_token": token} | form
    return app.test_client().post(f"{home.path}/backchannel/{way.key}", base_url=ORIGIN, data=data)


def test_ou20_faults_end_nothing_and_replay_counts_once(home, sso, app, browser, new_browser):
    token = sso.idp.logout_token()
    assert tell(app, home, sso, token).status_code == 200
    assert not steps.is_signed_in(browser, home)
    steps.enter(browser, home, sso)
    faults = {
        "replayed": (token, "replay"),
        "an ID token": (sso.idp.keys[0].sign(sso.idp.claims(sso.idp.person, {"nonce": "n"})), "events"),
        "for another client": (sso.idp.logout_token(aud="another"), "aud"),
    }
    for case, (wrong, word) in faults.items():
        answer = tell(app, home, sso, wrong)
        assert answer.status_code == 400, case
        assert answer.headers["Cache-Control"] == "no-store", case
        assert answer.json == {"error": "invalid_request", "error_description": word}, case
    path = f"{home.path}/backchannel/{sso.key}"
    client = app.test_client()
    assert client.post(path, base_url=ORIGIN, data={}).status_code == 400
    assert client.post(path, base_url=ORIGIN, query_string={"logout_token": sso.idp.logout_token()}).status_code == 400
    assert client.get(path, base_url=ORIGIN).status_code == 405
    assert client.post(f"{home.path}/backchannel/nobody", base_url=ORIGIN, data={"logout_token": token}).status_code == 400
    assert steps.is_signed_in(browser, home)
    assert {one.cause for one in steps.events(home, Event.LOGOUT_REFUSED)} == {"logout_invalid"}
    assert len(steps.events(home, Event.SIGNED_OUT)) == 1


def test_ou20_logout_reaches_nobody_else(home, sso, broker, oidc_peer, app, browser, new_browser):
    """Of the same person by another connection, of somebody else, in another tenant: with the same names all over."""
    other = steps.oidc_way(home, oidc_peer, "other")
    steps.notice(home)
    for case, token in {
        "an unknown person": sso.idp.logout_token(sub="nobody"),
        "an unknown session": sso.idp.logout_token(sub=None, sid="s-2"),
        "her session, of somebody else": sso.idp.logout_token(sub="nobody", sid="s-1"),
        "her, in another session": sso.idp.logout_token(sid="s-2"),
    }.items():
        assert tell(app, home, sso, token).status_code == 200, case
        assert steps.is_signed_in(browser, home), case
    for case, token in {
        "by another connection": other.idp.logout_token(sub=sso.idp.person.subject),
        "her session by another connection": other.idp.logout_token(sub=None, sid="s-1"),
    }.items():
        assert tell(app, home, other, token).status_code == 200, case
        assert steps.is_signed_in(browser, home), case
    assert tell(app, home, other, sso.idp.logout_token()).status_code == 400
    assert steps.is_signed_in(browser, home)


def test_ou20_flood_of_wrong_tokens_fills_no_log_and_suppresses_no_right_one(home, sso, app, browser):
    """The stranger sends by the same provider's address."""
    answers = [tell(app, home, sso, "nothing").status_code for _ in range(30)]
    assert answers.count(400) <= 22
    assert answers[-1] == 429
    assert len(steps.events(home, Event.LOGOUT_REFUSED)) <= 22
    assert steps.events(home, Event.THROTTLED) == []
    assert steps.is_signed_in(browser, home)
    assert tell(app, home, sso, sso.idp.logout_token()).status_code == 200
    assert not steps.is_signed_in(browser, home)
    assert tell(app, home, sso, "nothing").status_code == 429


def test_su23_flood_of_wrong_requests_suppresses_no_right_one(home, company, app, browser):
    """Each is judged, by its signature first; the person's own browser may be made to send them."""
    path, side = f"{home.path}/saml/{company.key}/slo", company.idp.logout
    client, strange = app.test_client(), side.in_address(side.request(), is_signed=False)
    answers = [client.get(path, base_url=ORIGIN, query_string=strange).status_code for _ in range(25)]
    assert answers[-1] == 429
    assert len(steps.events(home, Event.LOGOUT_REFUSED)) + len(steps.events(home, Event.THROTTLED)) <= 22
    assert steps.is_signed_in(browser, home)
    assert client.get(path, base_url=ORIGIN, query_string=side.in_address(side.request())).status_code == 303
    assert not steps.is_signed_in(browser, home)


def at_slo(browser, way, query):
    return browser.open(f"{way.idp.slo_of_sp()}?{query}")


def test_su23_message_that_is_not_as_it_has_to_be_ends_nothing(home, company, browser):
    """A few of each way; tests/broker/test_logout_messages.py tries them all."""
    cases = wrong_messages(company.idp)
    for case in ("unsigned", "signed by a stranger", "for another place", "posted unsigned", "posted, changed after signing"):
        message, word = cases[case]
        if isinstance(message, str):
            at_slo(browser, company, message)
        else:
            browser.post(company.idp.slo_of_sp(), message, origin=company.origin)
        assert browser.status == 400, f"{case}: {browser}"
        event = steps.event_of(browser, home)
        assert (event.cause, event.detail["detail"]) == ("logout_invalid", word), case
        assert "This sign-out of Company login can’t be trusted" in browser.words
    assert company.idp.logout.answers == []
    assert steps.is_signed_in(browser, home)


def test_su23_replayed_request_ends_no_later_session(home, company, browser, new_browser):
    side = company.idp.logout
    query = side.in_address(side.request())
    at_slo(new_browser(), company, query)
    assert not steps.is_signed_in(browser, home)
    steps.enter_by_saml(browser, home, company)
    at_slo(new_browser(), company, query)
    at_slo(browser, company, query)
    assert browser.status == 400
    assert steps.event_of(browser, home).detail["detail"] == "replay"
    assert steps.is_signed_in(browser, home)


def test_su23_request_about_somebody_else_ends_nothing(home, company, saml_peer, browser, new_browser):
    """Each is signed by the provider, and names the very session index."""
    side, here = company.idp.logout, new_browser()
    other = steps.saml_way(home, saml_peer, "other")
    other.idp.person = company.idp.person
    steps.notice(home)
    other.idp.learns(here.open(f"{home.path}/saml/{other.key}/metadata").response.data)
    for case, request in {
        "another person": side.request("nobody"),
        "another session": side.request(sids=("_t",)),
        "another kind of name": side.request(name_format=None),
    }.items():
        at_slo(here, company, side.in_address(request))
        assert here.at.startswith(side.url), case
        assert steps.is_signed_in(browser, home), case
    at_slo(here, other, other.idp.logout.in_address(other.idp.logout.request(company.idp.person.subject)))
    assert steps.is_signed_in(browser, home)
    at_slo(here, other, side.in_address(side.request()))
    assert here.status == 400
    assert steps.is_signed_in(browser, home)


def test_su23_deflate_bomb_is_not_inflated(home, company, browser):
    """Unsigned it is not touched at all; signed, it stops at the limit."""
    side = company.idp.logout
    bomb = deflated(b"<x>" + b" " * 50_000_000 + b"</x>")
    assert len(bomb) < 60_000
    for query, word in (
        (side.query("SAMLRequest", bomb, is_signed=False), "unsigned"),
        (side.query("SAMLRequest", bomb), "size"),
        (side.query("SAMLRequest", deflated(b" " * (MAX_INFLATED + 1))), "size"),
        (side.query("SAMLRequest", deflated(b"<x/>") + b"more"), "size"),
        (side.query("SAMLRequest", b"\xff\xff"), "base64"),
    ):
        tracemalloc.start()
        at_slo(browser, company, query)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert steps.event_of(browser, home).detail["detail"] == word
        assert peak < 10_000_000, word
    assert steps.is_signed_in(browser, home)


def test_su23_head_and_foreign_keys_end_nothing(home, company, app, saml_peer, browser):
    side = company.idp.logout
    query = side.in_address(side.request())
    path = f"{home.path}/saml/{company.key}/slo"
    assert app.test_client().head(path, base_url=ORIGIN, query_string=query).status_code == 405
    assert app.test_client().get(f"{home.path}/saml/nobody/slo", base_url=ORIGIN, query_string=query).status_code == 404
    assert steps.is_signed_in(browser, home)
