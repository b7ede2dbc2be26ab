"""Back-channel logout: who is told what, and that nobody is forgotten, however a session ends."""

from datetime import timedelta

import pytest

from broker.downstream import logout
from tenants.logout_leases import lease
from tenants.logouts import FIRST_PAUSE, LIFE, LogoutDelivery, next_try
from tenants.sessions import END_SESSIONS_OF_ACCOUNT, BrowserSession
from tests import factories
from tests.support.clock import START
from tests.support.logout_site import LogoutSite
from tests.support.relying_party import RelyingParty, verified
from tests.support.rows import stored

EVENT = "http://schemas.openid.net/event/backchannel-logout"


@pytest.fixture
def home(broker):
    return factories.tenant(broker)


@pytest.fixture
def site(home, peers):
    made = LogoutSite()
    peers.open(f"https://server.{home.domain}", made.app)
    return made


@pytest.fixture
def rp(app, home, site):
    uri = f"https://server.{home.domain}/told"
    return RelyingParty.of(app, home, backchannel_logout_uri=uri).signed_in()


@pytest.fixture
def work(app, broker):
    """A round of the worker, until nothing is due."""

    def run():
        with app.app_context():
            while logout.work(broker):
                pass

    return run


def sign_out(rp, hint):
    back = rp.application.post_logout_redirect_uris[0]
    return rp.get("/oidc/logout", {"id_token_hint": hint, "post_logout_redirect_uri": back, "state": "s"})


def test_logout_token_says_whose_session_is_over_and_nothing_else(rp, home, site, work, clock):
    tokens = rp.tokens()
    claims = rp.claims(tokens["id_token"])
    assert sign_out(rp, tokens["id_token"]).parameters == {"state": "s"}
    work()
    (form,) = site.forms
    assert set(form) == {"logout_token"}
    header, told = verified(form["logout_token"], rp.document("/oidc/jwks").json)
    assert (header["alg"], header["typ"]) == ("RS256", "logout+jwt")
    assert set(told) == {"iss", "aud", "iat", "exp", "jti", "sub", "sid", "events"}
    assert (told["iss"], told["aud"]) == (home.url, rp.application.client_id)
    assert (told["sub"], told["sid"]) == (claims["sub"], claims["sid"])
    assert told["events"] == {EVENT: {}}
    assert 0 < told["exp"] - told["iat"] <= 120
    work()
    assert len(site.forms) == 1


def test_logout_token_is_no_other_token(rp, site, work):
    tokens = rp.tokens()
    sign_out(rp, tokens["id_token"])
    work()
    (token,) = site.tokens
    assert rp.userinfo(token).status_code == 401
    rp.signed_in()
    assert rp.authorize(id_token_hint=token).parameters["error"] == "invalid_request"
    assert rp.get("/oidc/logout", {"id_token_hint": token}).status == 200


@pytest.mark.parametrize("how", ["ended by others", "its time is over"])
def test_however_a_session_ends_its_applications_are_told(rp, home, site, work, clock, how):
    pairwise = rp.other_application(
        backchannel_logout_uri=rp.application.backchannel_logout_uri, subject_type="pairwise", id_token_alg="ES256"
    )
    tokens, sub = rp.tokens(), pairwise.claims(pairwise.tokens()["id_token"])["sub"]
    work()
    assert site.forms == []
    if how == "ended by others":
        with home.db.writing() as db:
            db.run(END_SESSIONS_OF_ACCOUNT, account=rp.session.row.account_id, now=clock.now())
    else:
        clock.advance(days=1)
    work()
    keys = rp.document("/oidc/jwks").json
    told = {claims["aud"]: claims for _, claims in (verified(token, keys) for token in site.tokens)}
    assert set(told) == {rp.application.client_id, pairwise.application.client_id}
    assert told[pairwise.application.client_id]["sub"] == sub
    assert told[rp.application.client_id]["sub"] == rp.claims(tokens["id_token"])["sub"]


def test_application_that_does_not_answer_is_told_again_until_it_does(rp, home, site, work, clock, peers):
    tokens = rp.tokens()
    site.status = 503
    sign_out(rp, tokens["id_token"])
    work()
    work()
    assert len(site.forms) == 1
    clock.advance(seconds=10)
    work()
    assert len(site.forms) == 2
    peers.close(f"https://server.{home.domain}")
    clock.advance(minutes=1)
    work()
    peers.open(f"https://server.{home.domain}", site.app)
    site.status = 200
    clock.advance(hours=1)
    work()
    assert len(site.forms) == 3
    assert len({verified(token, rp.document("/oidc/jwks").json)[1]["jti"] for token in site.tokens}) == 3
    (delivery,) = stored(home, LogoutDelivery)
    assert delivery.confirmed_at == clock.now()


def test_refusal_is_final_and_noted(rp, home, site, work, clock):
    tokens = rp.tokens()
    site.status = 400
    sign_out(rp, tokens["id_token"])
    work()
    clock.advance(hours=2)
    work()
    assert len(site.forms) == 1
    (delivery,) = stored(home, LogoutDelivery)
    assert (delivery.last_error, delivery.next_try_at) == ("answered with status 400", None)
    assert delivery.failed_at is not None


def test_pauses_grow_and_end():
    assert next_try(START, 1, START) == START + FIRST_PAUSE
    assert next_try(START, 4, START) == START + 8 * FIRST_PAUSE
    assert next_try(START, 60, START) == START + timedelta(hours=1)
    assert next_try(START, 60, START + LIFE) is None


def test_only_applications_that_were_reached_are_told(rp, home, site, work):
    rp.code()  # fetched by nobody
    other = rp.other_application()
    hint = other.tokens()["id_token"]
    sign_out(other, hint)
    work()
    assert site.forms == []
    (delivery,) = stored(home, LogoutDelivery)
    assert (delivery.application_id, delivery.channel) == (other.application.id, None)


def test_page_after_signing_out_says_which_applications_are_over(rp, home, site, work, clock):
    silent = rp.other_application(name="No Telephone")
    rp.tokens()
    silent.tokens()
    hint = rp.tokens()["id_token"]
    answer = rp.get("/oidc/logout", {"id_token_hint": hint})
    page = rp.follow(answer).response
    assert rp.application.name in page.text
    assert "Is being told" in page.text
    assert "No Telephone" in page.text
    assert "May still be open" in page.text
    assert 'http-equiv="refresh"' in page.text
    work()
    page = rp.follow(answer).response
    assert "You were signed out here and in 1 application." in page.text
    assert "refresh" not in page.text.split("</head>")[0]
    forged = answer.location[:-1] + ("0" if answer.location[-1] != "0" else "1")
    assert rp.application.name not in rp.browser.get(forged, base_url="http://localhost:8000").text


def test_offline_access_outlives_a_sign_out_and_nothing_else(rp, home, clock):
    tokens, offline = rp.tokens(), rp.tokens(scope="openid offline_access")
    sign_out(rp, tokens["id_token"])
    assert rp.refresh(tokens["refresh_token"]).json["error"] == "invalid_grant"
    renewed = rp.refresh(offline["refresh_token"])
    assert renewed.status_code == 200
    with home.db.writing() as db:
        db.run(END_SESSIONS_OF_ACCOUNT, account=rp.session.row.account_id, now=clock.now())
    assert rp.refresh(renewed.json["refresh_token"]).json["error"] == "invalid_grant"


def test_two_processes_tell_nobody_twice(app, broker, rp, site, work, clock):
    tokens = rp.tokens()
    sign_out(rp, tokens["id_token"])
    now = clock.now()
    leased = [[one.session_id for one in lease(broker.db, ["backchannel"], now, 50)] for _ in range(2)]
    assert rp.session.row.id in leased[0]
    assert leased[1] == []


def test_session_that_went_on_is_passed_on_to_nobody(rp, home, work, site):
    rp.tokens()
    work()
    assert stored(home, BrowserSession)[0].told_at is None
    assert site.forms == []
