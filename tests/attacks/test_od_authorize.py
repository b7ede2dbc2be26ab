"""Attacks on the authorization endpoint: the browser goes nowhere it should not, and nobody is skipped."""

import pytest

from tenants.audit import AuditEvent
from tests import factories
from tests.support.relying_party import VERIFIER, RelyingParty, unsigned
from tests.support.stores import ON_SQLITE


@pytest.fixture
def home(broker):
    return factories.tenant(broker)


@pytest.fixture
def rp(app, home):
    uris = ["https://app.victim.example/callback", "http://127.0.0.1:9000/cb?fixed=1"]
    return RelyingParty.of(app, home, redirect_uris=uris).signed_in()


def assert_shown_here(answer):
    assert answer.status == 400
    assert "Location" not in answer.response.headers
    assert "app.victim.example" not in answer.response.text


def refusals(home):
    with home.db.reading() as db:
        return [event.cause for event in db.query(AuditEvent).filter_by(event="access.refused").all()]


@ON_SQLITE
@pytest.mark.parametrize(
    "address",
    [
        None,
        "",
        "https://app.victim.example/callback/",
        "https://app.victim.example/callback/random",
        "https://app.victim.example/callback?x=1",
        "https://app.victim.example/callback#x",
        "https://app.victim.example/callback%2F..%2Fevil",
        "https://app.victim.example/other/../callback",
        "https://app.victim.example/Callback",
        "https://APP.victim.example/callback",
        "https://app.victim.example:443/callback",
        "https://app.victim.example:8443/callback",
        "http://app.victim.example/callback",
        "https://app.victim.example",
        "https://app.victim.example.evil.example/callback",
        "https://evil.example/https://app.victim.example/callback",
        "https://app.victim.example@evil.example/callback",
        "https://evil.example\\@app.victim.example/callback",
        "//app.victim.example/callback",
        "/callback",
        "javascript:alert(1)//https://app.victim.example/callback",
        " https://app.victim.example/callback",
        "https://app.victim.example/callback\n",
        "https://app.victim.example/callback\x00",
        "http://127.0.0.1:9001/cb?fixed=1",
        "http://127.0.0.1:9000/cb",
        "http://localhost:9000/cb?fixed=1",
        "http://[::1]:9000/cb?fixed=1",
        "http://127.1:9000/cb?fixed=1",
        "https://app.victim.ex\u0430mple/callback",
    ],
    ids=repr,
)
def test_od01_unregistered_return_address_is_shown_here(rp, home, address):
    assert_shown_here(rp.authorize(redirect_uri=address))
    assert refusals(home) == ["return_address_mismatch"]


def test_od01_two_return_addresses_or_clients_are_shown_here(rp):
    for name in ("redirect_uri", "client_id"):
        for second in ("https://evil.example/", rp.request()[name]):
            assert_shown_here(rp.get("/oidc/authorize", [*rp.request().items(), (name, second)]))
            assert_shown_here(rp.get("/oidc/authorize", [(name, second), *rp.request().items()]))


def test_od01_other_applications_address_is_not_this_ones(rp):
    other = rp.other_application(redirect_uris=["https://other.example/callback"])
    assert_shown_here(rp.authorize(redirect_uri=other.application.redirect_uris[0]))


@pytest.mark.parametrize("client_id", [None, "unknown", "x' OR 1=1 --", "\x00", "ü"], ids=repr)
def test_od01_unknown_application_is_never_redirected_to(rp, home, client_id):
    assert_shown_here(rp.authorize(client_id=client_id))
    assert refusals(home) == ["application_unknown"]


def test_od01_application_switched_off_is_unknown_at_once(rp, home):
    rp.code()
    home.change(type(rp.application), rp.application.id, is_enabled=False)
    assert_shown_here(rp.authorize())


@pytest.mark.both_databases
@pytest.mark.parametrize(
    "address",
    ["javascript:alert(1)", "data:text/html,x", "http://app.example/callback", "https://*.example/", "https://a.example/#x"],
)
def test_od02_dangerous_address_in_the_database_is_still_not_used(app, home, address):
    rp = RelyingParty.of(app, home, redirect_uris=[address]).signed_in()
    assert_shown_here(rp.authorize())


@pytest.mark.parametrize("query", ["client_id=%FF", "state=%ED%A0%80", "&".join(f"a{n}=1" for n in range(200))])
def test_od01_address_that_cannot_be_read_is_shown_here(rp, query):
    assert_shown_here(rp.get("/oidc/authorize", query))


def test_od01_raw_bytes_in_the_address_are_no_failure_of_ours(rp):
    environ = {"QUERY_STRING": "client_id=\xff\xfe&redirect_uri=\x80"}
    response = rp.browser.get(f"{rp.home.path}/oidc/authorize", base_url="http://localhost:8000", environ_overrides=environ)
    assert response.status_code == 400


@pytest.mark.parametrize(
    "changes",
    [
        {"code_challenge": None, "code_challenge_method": None},
        {"code_challenge_method": "plain"},
        {"code_challenge_method": None},
        {"code_challenge": VERIFIER, "code_challenge_method": "plain"},
        {"code_challenge_method": "s256"},
        {"code_challenge": None},
    ],
    ids=["missing", "plain", "no method means plain", "plain with its verifier", "another spelling", "method alone"],
)
@pytest.mark.parametrize("secret", [None, "a secret"], ids=["public", "confidential"])
def test_od05_request_without_s256_is_refused_at_authorize(app, home, secret, changes):
    rp = RelyingParty.of(app, home, secret=secret).signed_in()
    answer = rp.authorize(**changes)
    assert answer.parameters["error"] == "invalid_request"
    assert "code" not in answer.parameters


def test_od05_public_client_needs_pkce_whatever_its_switch_says(app, home):
    rp = RelyingParty.of(app, home, secret=None, is_pkce_required=False).signed_in()
    assert "error" in rp.authorize(code_challenge=None, code_challenge_method=None).parameters


def test_od05_optional_pkce_is_still_s256_only(app, home):
    rp = RelyingParty.of(app, home, is_pkce_required=False).signed_in()
    assert rp.authorize(code_challenge_method="plain").parameters["error"] == "invalid_request"
    assert rp.authorize(code_challenge=None).parameters["error"] == "invalid_request"


def test_od10_every_answer_names_its_issuer(rp, home):
    for changes in ({}, {"prompt": "none"}, {"prompt": "none login"}, {"scope": "email"}, {"request": "x"}):
        assert rp.authorize(**changes).parameters["iss"] == home.url
    assert rp.document("/.well-known/openid-configuration").json["issuer"] == home.url


def test_od11_prompt_none_never_shows_a_page(app, home, clock):
    rp = RelyingParty.of(app, home)
    for changes in ({}, {"max_age": "0"}, {"id_token_hint": "x"}, {"scope": "x"}):
        answer = rp.authorize(prompt="none", **changes)
        assert answer.place == rp.application.redirect_uris[0]
        assert "code" not in answer.parameters
    rp.signed_in()
    assert rp.authorize(prompt="none", max_age="0").parameters["error"] == "login_required"


@pytest.mark.parametrize("prompt", ["none login", "none consent", "none select_account", "login none", "NONE", "admin"])
def test_od11_prompt_that_makes_no_sense_is_refused(rp, prompt):
    assert rp.authorize(prompt=prompt).parameters["error"] == "invalid_request"


def test_od11_auth_time_is_when_the_person_was_asked_and_not_now(rp, clock):
    asked_at = int(clock.now().timestamp())
    clock.advance(minutes=30)
    assert rp.claims(rp.tokens(max_age="3600")["id_token"])["auth_time"] == asked_at


def test_od11_hint_of_another_person_gets_no_code(app, home, rp):
    hint = rp.tokens()["id_token"]
    rp.signed_in()
    for prompt in (None, "none", "consent"):
        answer = rp.authorize(id_token_hint=hint, prompt=prompt)
        assert answer.parameters["error"] == "login_required"


def test_od11_forged_and_foreign_hints_are_refused(app, broker, rp):
    good = rp.tokens()
    claims = rp.claims(good["id_token"])
    elsewhere = RelyingParty.of(app, factories.tenant(broker)).signed_in()
    other = rp.other_application()
    forged = good["id_token"][:-6] + "AAAAAA"
    hints = [unsigned(claims), forged, elsewhere.tokens()["id_token"], other.tokens()["id_token"], good["access_token"]]
    for hint in hints:
        assert rp.authorize(id_token_hint=hint).parameters["error"] == "invalid_request"


@pytest.mark.parametrize("mode", ["fragment", "form_post.jwt", "web_message", "query.jwt", "Query"])
def test_od16_response_mode_is_from_a_short_list(rp, mode):
    answer = rp.authorize(response_mode=mode)
    assert answer.parameters["error"] == "invalid_request"
    assert "#" not in answer.location


def test_od16_code_leaks_by_no_referrer_and_no_frame(rp):
    headers = rp.authorize().response.headers
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Cache-Control"] == "no-store"
    shown = rp.authorize(redirect_uri="https://evil.example/").response.headers
    assert "frame-ancestors 'none'" in shown["Content-Security-Policy"]
    assert shown["X-Frame-Options"] == "DENY"
