"""Signing out at the identity provider as well, and being signed out by it: OpenID Connect and SAML, there and back."""

from datetime import timedelta
from urllib.parse import urlencode

import jwt
import pyotp
import pytest
from sqlalchemy import select

from tenants.audit import Event
from tenants.sessions import BrowserSession
from tests import factories
from tests.peers.people import Person
from tests.peers.saml_messages import PROTOCOL, SAML
from tests.support import steps
from tests.support.relying_party import RelyingParty
from tests.support.wiring import ORIGIN

THERE_TOO = "did not confirm that you’re signed out there too"


@pytest.fixture
def home(broker):
    return factories.tenant(broker)


@pytest.fixture
def sso(home, oidc_peer):
    """An OpenID Provider with which signing out goes there as well."""
    way = steps.janes_way(home, oidc_peer)
    way.change(options={**way.row.options, "sign_out_there": True})
    return way


@pytest.fixture
def company(home, saml_peer, browser):
    """A SAML provider with which signing out goes there as well."""
    way = steps.saml_way(home, saml_peer, sign_out_there=True)
    steps.listed(home, way=way, proven=True)
    way.idp.person = Person(f"jo@{home.domain}", "Jo", "Day")
    way.idp.learns(browser.open(f"{home.path}/saml/{way.key}/metadata").response.data)
    return way


def session_of(home):
    with home.db.reading() as db:
        return db.scalars(select(BrowserSession).order_by(BrowserSession.created_at.desc())).first()


def sign_out(browser, home):
    """By the button on the person's own page, as far as the pages that hand over lead by themselves."""
    browser.open(f"{home.path}/").submit(press="Sign out")
    return steps.go_along(browser)


# OpenID Connect


def test_sign_out_goes_by_way_of_the_provider_and_ends_on_our_page(home, sso, browser):
    sso.idp.says(sid="there-1")
    steps.enter(browser, home, sso)
    kept = session_of(home)
    assert (kept.upstream_sid, kept.identity_id is not None, "there" in kept.upstream_sealed) == ("there-1", True, False)
    browser.open(f"{home.path}/").submit(press="Sign out")
    assert not browser.cookie("sid")
    assert "Taking you to Acme SSO" in browser.words
    assert steps.go_along(browser).at == f"{home.path}/signed-out"
    assert THERE_TOO not in browser.words
    asked = sso.idp.seen["logout"]
    assert asked["client_id"] == sso.idp.client_id
    assert asked["post_logout_redirect_uri"] == f"{home.url}/signed-out"
    assert jwt.decode(asked["id_token_hint"], options={"verify_signature": False})["sub"] == sso.idp.person.subject
    assert not steps.is_signed_in(browser, home)


def test_state_of_a_sign_out_is_good_once(home, sso, app, browser):
    rp = RelyingParty.of(app, home)
    steps.enter(browser, home, sso)
    rp.browser = browser.client
    hint = rp.tokens()["id_token"]
    back = rp.application.post_logout_redirect_uris[0]
    query = {"id_token_hint": hint, "post_logout_redirect_uri": back, "state": "theirs"}
    there = rp.get("/oidc/logout", query)
    assert there.place == f"{sso.idp.base}/logout"
    assert not steps.is_signed_in(browser, home)
    state = there.parameters["state"]
    came = rp.get("/signed-out", {"state": state})
    assert came.place == f"{home.path}/oidc/logout"
    assert rp.follow(came).location == f"{back}?state=theirs"
    for again in (state, "invented", "\x00"):
        assert rp.get("/signed-out", {"state": again}).location == f"{home.path}/signed-out"


def test_confirmed_wish_of_an_application_goes_there_and_back_to_it(home, sso, app, browser):
    rp = RelyingParty.of(app, home)
    steps.enter(browser, home, sso)
    rp.browser = browser.client
    hint, back = rp.tokens()["id_token"], rp.application.post_logout_redirect_uris[0]
    rp.stay(minutes=60)
    browser.open(f"{home.path}/oidc/logout?id_token_hint={hint}&post_logout_redirect_uri={back}")
    assert "Do you want to sign out?" in browser.words
    browser.submit(press="Sign out")
    assert steps.go_along(browser).foreign == back
    assert sso.idp.hits["logout"] == 1


def test_provider_that_is_down_or_has_no_such_place_holds_up_nobody(home, oidc_peer, peers, app, broker, browser):
    for describe, words in ((lambda idp: idp.breaks("discovery"), THERE_TOO), (None, "You’re signed out")):
        way = steps.oidc_way(home, oidc_peer, f"sso{bool(describe)}".lower())
        way.change(options={**way.row.options, "sign_out_there": True})
        if describe is None:
            way.idp.describes(end_session_endpoint=None)
        who = factories.account(home)
        opened = factories.session(home, who, method=way.key)
        browser.forget_cookies()
        browser.client.set_cookie(**factories.cookie_of(home, opened))
        if describe:
            describe(way.idp)
        browser.open(f"{home.path}/").submit(press="Sign out")
        assert words in browser.words, way.key
        assert not steps.is_signed_in(browser, home)
        browser.forget_cookies()
    (event,) = steps.events(home, Event.LOGOUT_UNFINISHED)
    assert (event.cause, event.detail["detail"]) == ("upstream_unreachable", "discovery_status")


def test_without_the_option_nothing_of_the_token_is_kept_and_sign_out_stays_here(home, oidc_peer, browser):
    way = steps.oidc_way(home, oidc_peer)
    steps.listed(home, way=way, proven=True)
    way.idp.person = Person(f"jane@{home.domain}")
    steps.enter(browser, home, way)
    assert session_of(home).upstream_sealed is None
    browser.open(f"{home.path}/").submit(press="Sign out")
    assert browser.at == f"{home.path}/signed-out"
    assert way.idp.hits["logout"] == 0


def test_second_factor_in_between_loses_nothing(home, sso, app, browser):
    """What the sign-out needs waits sealed in the attempt, and stands in the session in the end."""
    sso.idp.says(sid="there-1")
    steps.enter(browser, home, sso)
    ada = factories.Someone(session_of(home).account_id, "", "", pyotp.random_base32())
    factories.credential(home, ada.id, seed=ada.seed)
    browser.forget_cookies()
    sso.idp.says(sid="there-2")
    rp = RelyingParty.of(app, home, is_factor_demanded=True)
    steps.notice(home)
    browser.open(f"{home.path}/oidc/authorize?{urlencode(rp.request())}")
    browser.open(f"{home.path}/sign-in/go/{sso.key}?tx={steps.tx_of(browser)}")
    assert browser.path == f"{home.path}/sign-in/totp"
    browser.submit(code=steps.fresh_code(home, ada))
    assert browser.foreign.startswith(rp.application.redirect_uris[0])
    kept = session_of(home)
    assert (kept.upstream_sid, kept.identity_id is not None, kept.upstream_sealed is not None) == ("there-2", True, True)
    assert sign_out(browser, home).at == f"{home.path}/signed-out"
    assert "id_token_hint" in sso.idp.seen["logout"]


# Back-channel logout


def test_provider_ends_the_session_that_it_names_and_no_other(home, sso, browser, new_browser):
    phone = new_browser()
    for one, sid in ((browser, "laptop"), (phone, "phone")):
        sso.idp.says(sid=sid)
        steps.enter(one, home, sso)
    answer = told(browser, home, sso, sso.idp.logout_token(sub=None, sid="laptop"))
    assert (answer.status_code, answer.headers["Cache-Control"], answer.data) == (200, "no-store", b"")
    assert not steps.is_signed_in(browser, home)
    assert steps.is_signed_in(phone, home)
    (event,) = steps.events(home, Event.SIGNED_OUT)
    assert words_of_own(phone, home) == "Your identity provider signed you out; sessions ended: 1"
    assert (event.connection_id, event.detail) == (sso.row.id, {"by": "back-channel logout", "ended": "1"})
    assert told(browser, home, sso, sso.idp.logout_token()).status_code == 200
    assert not steps.is_signed_in(phone, home)


def test_ended_session_takes_what_applications_got_with_it(home, sso, app, browser):
    rp = RelyingParty.of(app, home)
    steps.enter(browser, home, sso)
    rp.browser = browser.client
    body = rp.tokens(scope="openid offline_access")
    assert told(browser, home, sso, sso.idp.logout_token()).status_code == 200
    assert rp.userinfo(body["access_token"]).status_code == 401
    assert rp.refresh(body["refresh_token"]).json["error"] == "invalid_grant"


def words_of_own(browser, home):
    """What the person's own page says of it."""
    sentence = "Your identity provider signed you out"
    return sentence + browser.open(f"{home.path}/account").words.partition(sentence)[2][:19]


def told(browser, home, way, token):
    """The provider's own server speaks: no cookie, no page of ours."""
    app = browser._apps[browser.home]
    path = f"{home.path}/backchannel/{way.key}"
    return app.test_client().post(path, base_url=ORIGIN, data={"logout_token": token})


# SAML


def test_saml_sign_out_goes_there_and_back(home, company, browser):
    company.idp.says(session_index="_abc")
    steps.enter_by_saml(browser, home, company)
    assert sign_out(browser, home).at == f"{home.path}/signed-out"
    assert THERE_TOO not in browser.words
    (asked,) = company.idp.logout.asked
    assert asked.findtext(f"{{{SAML}}}Issuer") == f"{home.url}/saml/{company.key}/metadata"
    assert asked.findtext(f"{{{SAML}}}NameID") == company.idp.person.subject
    assert asked.findtext(f"{{{PROTOCOL}}}SessionIndex") == "_abc"
    assert not steps.is_signed_in(browser, home)


def test_saml_sign_out_by_form_where_the_provider_has_only_that(home, saml_peer, browser):
    idp = saml_peer.provider()
    idp.logout.bindings = ("HTTP-POST",)
    way = steps.saml_way(home, saml_peer, idp=idp, sign_out_there=True)
    steps.listed(home, way=way, proven=True)
    idp.person = Person(f"jo@{home.domain}")
    idp.learns(browser.open(f"{home.path}/saml/{way.key}/metadata").response.data)
    steps.enter_by_saml(browser, home, way)
    browser.open(f"{home.path}/").submit(press="Sign out")
    assert f"form-action 'self' {way.origin};" in browser.response.headers["Content-Security-Policy"]
    assert browser.submit(press="Continue to Company login").at == f"{home.path}/signed-out"


@pytest.mark.parametrize(
    "misbehave",
    [
        lambda side: setattr(side, "status", ("Responder", None)),
        lambda side: setattr(side, "status", ("Success", "PartialLogout")),
        lambda side: side.says.update(InResponseTo="_another"),
    ],
    ids=["refused there", "in part only", "another request's answer"],
)
def test_page_says_honestly_that_it_may_not_be_over_there(home, company, app, browser, misbehave):
    rp = RelyingParty.of(app, home)
    steps.enter_by_saml(browser, home, company)
    rp.browser = browser.client
    misbehave(company.idp.logout)
    hint, back = rp.tokens()["id_token"], rp.application.post_logout_redirect_uris[0]
    browser.open(f"{home.path}/oidc/logout?id_token_hint={hint}&post_logout_redirect_uri={back}")
    assert f"Company login {THERE_TOO}" in browser.words
    assert not browser.cookie("sid")
    assert browser.follow("Continue").foreign == back
    assert len(steps.events(home, Event.LOGOUT_UNFINISHED)) == 1


@pytest.mark.parametrize("is_posted", [False, True], ids=["by address", "by form"])
def test_saml_provider_ends_sessions_and_gets_an_answer(home, company, browser, is_posted):
    steps.enter_by_saml(browser, home, company)
    side = company.idp.logout
    if is_posted:
        browser.post(company.idp.slo_of_sp(), side.in_form(side.request()), origin=company.origin)
        browser.submit(press="Continue to Company login")
    else:
        browser.open(f"{company.idp.slo_of_sp()}?{side.in_address(side.request())}")
    assert browser.at.startswith(side.url)
    (answer,) = side.answers
    code = next(answer.iter(f"{{{PROTOCOL}}}StatusCode")).get("Value")
    assert code.endswith(":Success")
    browser.open(home.url)
    assert not steps.is_signed_in(browser, home)
    (event,) = steps.events(home, Event.SIGNED_OUT)
    assert (event.detail["by"], event.connection_id) == ("SAML single logout", company.row.id)


def test_saml_logout_ends_the_sessions_that_it_names(home, company, browser, new_browser):
    phone, tablet = new_browser(), new_browser()
    for one, sid in ((browser, "_1"), (phone, "_2"), (tablet, "_3")):
        company.idp.says(session_index=sid)
        steps.enter_by_saml(one, home, company)
    side = company.idp.logout
    new_browser().open(f"{company.idp.slo_of_sp()}?{side.in_address(side.request(sids=('_1', '_2')))}")
    assert [steps.is_signed_in(one, home) for one in (browser, phone, tablet)] == [False, False, True]
    new_browser().open(f"{company.idp.slo_of_sp()}?{side.in_address(side.request(sids=()))}")
    assert not steps.is_signed_in(tablet, home)


def test_metadata_says_where_single_logout_is_taken(home, company):
    assert company.idp.slo_of_sp() == f"{home.url}/saml/{company.key}/slo"


def test_se11_session_ends_when_the_provider_says_that_its_own_does(home, company, clock, browser):
    """Three minutes later, as its clock may be as wrong as anywhere else."""
    end = clock.now() + timedelta(hours=1, seconds=9)
    company.idp.says(session_not_on_or_after=end.strftime("%Y-%m-%dT%H:%M:%SZ"))
    steps.enter_by_saml(browser, home, company)
    for _ in range(3):
        clock.advance(minutes=20)
        assert steps.is_signed_in(browser, home)
    clock.advance(minutes=3, seconds=30)
    assert not steps.is_signed_in(browser, home)
