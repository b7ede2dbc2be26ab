"""The back channel: proof by key, tokens without a person, pushed requests, introspection, revocation, scripts of browsers."""

import pytest
from flask import Flask, jsonify

from tenants.sessions import ApplicationGrant
from tests import factories
from tests.peers import signing
from tests.support.application_keys import KEY, assertion, call, keyed, shown
from tests.support.relying_party import SECRET, RelyingParty, basic
from tests.support.stores import ON_SQLITE


@pytest.fixture
def home(broker):
    return factories.tenant(broker)


@pytest.fixture
def rp(app, home):
    return RelyingParty.of(app, home).signed_in()


@pytest.fixture
def robot(app, home):
    """A program that does things by itself."""
    return RelyingParty.of(app, home, grant_types=["client_credentials"], scopes=["travel:read", "travel:write"])


# private_key_jwt


def by_key(rp, token, code=None):
    form = {"grant_type": "authorization_code", "code": code or rp.code(), "redirect_uri": rp.application.redirect_uris[0]}
    verifier = "a-verifier-of-the-tests-that-is-long-enough-0123456789"
    return call(rp, "/oidc/token", {}, **shown(token, code_verifier=verifier, **form))


@pytest.mark.parametrize(
    "key", [KEY, signing.rsa_key(), signing.rsa_key(algorithm="PS256"), signing.ed_key()], ids=lambda k: k.algorithm
)
def test_client_proves_itself_by_its_key(app, home, clock, key):
    rp = keyed(app, home, key).signed_in()
    response = by_key(rp, assertion(rp, clock.now(), key, aud=["https://else.example", f"{home.url}/oidc/token"]))
    assert response.status_code == 200, response.text


@pytest.mark.parametrize("path", ["token", "par", "introspect", "revoke"])
def test_od12_assertion_is_good_once_wherever_it_was_shown(app, home, clock, path):
    rp = keyed(app, home, grant_types=["authorization_code", "client_credentials"]).signed_in()
    token = assertion(rp, clock.now())
    form = {"grant_type": "client_credentials", "token": "x"} | (rp.request() if path == "par" else {})
    assert call(rp, f"/oidc/{path}", {}, **(form | shown(token))).status_code in {200, 201}
    again = call(rp, "/oidc/token", {}, **shown(token, grant_type="client_credentials"))
    assert (again.status_code, again.json["error"]) == (401, "invalid_client")
    assert "before" in again.json["error_description"]


WRONG_CLAIMS = {
    "another issuer": {"iss": "else"},
    "another subject": {"sub": "else"},
    "no subject": {"sub": None},
    "for another place": {"aud": "https://else.example"},
    "for no place": {"aud": None},
    "for a place that begins like ours": {"aud": "http://localhost:8000/"},
    "expired": {"exp": 1_000},
    "for too long": {"exp": 99_999_999_999},
    "without an end": {"exp": None},
    "an end that is no number": {"exp": "soon"},
    "not yet": {"nbf": 99_999_999_999},
    "made in the future": {"iat": 99_999_999_999},
    "without an id": {"jti": None},
    "an id that is no text": {"jti": 7},
    "an endless id": {"jti": "j" * 501},
}


@ON_SQLITE
@pytest.mark.parametrize("changes", WRONG_CLAIMS.values(), ids=WRONG_CLAIMS.keys())
def test_od12_assertion_that_is_wrong_proves_nothing(app, home, clock, changes):
    rp = keyed(app, home)
    response = by_key(rp, assertion(rp, clock.now(), **changes), code="c" * 43)
    assert (response.status_code, response.json["error"]) == (401, "invalid_client")


@ON_SQLITE
def test_od09_assertion_of_another_key_or_algorithm_proves_nothing(app, home, clock):
    rp = keyed(app, home)
    claims = {
        "iss": rp.application.client_id,
        "sub": rp.application.client_id,
        "aud": home.url,
        "jti": "1",
        "exp": 9_999_999_999,
    }
    foreign = signing.ec_key()
    forged = [
        assertion(rp, clock.now(), foreign),
        assertion(rp, clock.now(), foreign, header={"kid": KEY.kid}),
        assertion(rp, clock.now(), foreign, header={"kid": KEY.kid, "jwk": foreign.jwk()}),
        signing.unsigned(claims, kid=KEY.kid),
        signing.keyed_hash(claims, KEY.public_pem(), kid=KEY.kid),
        f"{assertion(rp, clock.now())}x",
        "eyJ.x",
        f"WyJhbGciXQ.{assertion(rp, clock.now()).split('.')[1]}.AAAA",  # a header that is a list
        "a" * 9000,
        "é",
        "",
    ]
    for token in forged:
        response = by_key(rp, token, code="c" * 43)
        assert (response.status_code, response.json["error"]) == (401, "invalid_client"), token[:60]


@ON_SQLITE
def test_od12_key_and_secret_are_not_taken_for_each_other(app, home, rp, clock):
    mine = keyed(app, home)
    assert call(mine, "/oidc/token", basic(mine.application.client_id, SECRET), grant_type="x").status_code == 401
    assert call(rp, "/oidc/token", {}, **shown(assertion(rp, clock.now()), grant_type="x")).status_code == 401
    both = shown(assertion(mine, clock.now()), client_secret="x", client_id=mine.application.client_id)
    assert call(mine, "/oidc/token", {}, **both).status_code == 401
    other_type = shown(assertion(mine, clock.now())) | {"client_assertion_type": "saml"}
    assert call(mine, "/oidc/token", {}, **other_type).status_code == 401
    named = shown(assertion(mine, clock.now()), client_id="else")
    assert call(mine, "/oidc/token", {}, **named).status_code == 401


def test_od15_keys_are_fetched_by_the_guarded_port_and_looked_for_anew_when_they_roll(app, home, clock, peers):
    site, keys = Flask("site"), [signing.ec_key()]
    site.add_url_rule("/keys", view_func=lambda: jsonify(keys=[key.jwk() for key in keys]))
    origin = f"https://keys.{home.domain}"
    rp = keyed(app, home, jwks_uri=f"{origin}/keys").signed_in()
    assert by_key(rp, assertion(rp, clock.now(), keys[0])).status_code == 401
    peers.open(origin, site)
    clock.advance(seconds=30)
    assert by_key(rp, assertion(rp, clock.now(), keys[0])).status_code == 200
    keys[0] = signing.ec_key()
    assert by_key(rp, assertion(rp, clock.now(), keys[0])).status_code == 401
    clock.advance(minutes=2)
    assert by_key(rp, assertion(rp, clock.now(), keys[0])).status_code == 200
    asked = len(peers.requests)
    for _ in range(3):
        by_key(rp, assertion(rp, clock.now(), signing.ec_key()))
    assert len(peers.requests) == asked


# client_credentials


def test_program_gets_a_token_for_itself_and_nothing_about_people(robot, home):
    answer = robot.token(grant_type="client_credentials").json
    assert answer["scope"] == "travel:read travel:write"
    assert "refresh_token" not in answer
    assert "id_token" not in answer
    claims = robot.claims(answer["access_token"])
    assert claims["sub"] == claims["client_id"] == robot.application.client_id
    assert claims["aud"] == home.url
    assert robot.userinfo(answer["access_token"]).status_code == 401
    assert robot.token(grant_type="client_credentials", scope="travel:read").json["scope"] == "travel:read"


@ON_SQLITE
@pytest.mark.parametrize("scope", ["openid", "travel:read email", "else", "offline_access"])
def test_program_gets_no_scope_of_people_or_of_others(robot, scope):
    assert robot.token(grant_type="client_credentials", scope=scope).json["error"] == "invalid_scope"


def test_client_that_is_not_set_up_for_it_gets_none(rp):
    assert rp.token(grant_type="client_credentials").json["error"] == "unauthorized_client"


# Pushed requests


def push(rp, **changes):
    return call(rp, "/oidc/par", **rp.request(**changes))


def show(rp, request_uri, **more):
    return rp.get("/oidc/authorize", {"client_id": rp.application.client_id, "request_uri": request_uri, **more})


def test_pushed_request_is_good_for_one_code(rp):
    response = push(rp, state="pushed")
    assert response.status_code == 201
    assert response.headers["Cache-Control"] == "no-store"
    assert response.json["expires_in"] > 0
    uri = response.json["request_uri"]
    answer = show(rp, uri, state="from the address", redirect_uri="https://evil.example")
    assert answer.place == rp.application.redirect_uris[0]
    assert answer.parameters["state"] == "pushed"
    assert rp.redeem(answer.parameters["code"]).status_code == 200
    again = show(rp, uri)
    assert (again.status, again.location) == (400, "")


def test_pushed_request_waits_for_its_person_and_asks_once(app, home, browser, clock):
    who = factories.account(home)
    rp = RelyingParty.of(app, home)
    uri = push(rp, prompt="login", max_age="0").json["request_uri"]
    query = f"client_id={rp.application.client_id}&request_uri={uri}"
    browser.open(f"{home.url}/oidc/authorize?{query}")
    clock.advance(minutes=5)
    browser.submit(email=who.email, press="Continue")
    browser.submit(password=who.password)
    browser.submit(code=who.code(clock.now()))
    assert browser.foreign.startswith(f"{rp.application.redirect_uris[0]}?code=")


@ON_SQLITE
def test_od01_pushed_request_of_another_or_too_late_or_unknown_leads_nowhere(app, home, rp, clock):
    uri = push(rp).json["request_uri"]
    other = rp.other_application()
    late = push(rp).json["request_uri"]
    for answer in (show(other, uri), show(rp, f"{uri[:-1]}~"), show(rp, uri[:36]), show(rp, f"{uri}x")):
        assert (answer.status, answer.location) == (400, "")
    clock.advance(seconds=91)
    assert show(rp, late).status == 400


@ON_SQLITE
def test_wrong_request_is_refused_when_it_is_pushed(app, home, rp):
    for changes, error in (
        ({"redirect_uri": "https://evil.example"}, "invalid_request"),
        ({"request": "eyJ"}, "request_not_supported"),
        ({"request_uri": "urn:ietf:params:oauth:request_uri:x"}, "invalid_request"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"client_id": "else"}, None),
    ):
        response = push(rp, **changes)
        assert response.status_code in {400, 401}, changes
        assert error in (None, response.json["error"])
        assert "Location" not in response.headers
    assert call(rp, "/oidc/par", {}, **rp.request()).status_code == 401


def test_client_that_has_to_push_is_held_to_it(app, home):
    rp = RelyingParty.of(app, home, is_par_required=True).signed_in()
    assert rp.authorize().parameters["error"] == "invalid_request"
    assert "code" in show(rp, push(rp).json["request_uri"]).parameters


# Introspection and revocation


def said(rp, token, **form):
    return call(rp, "/oidc/introspect", token=token, **form)


def test_client_is_told_of_its_own_tokens(rp, robot, home):
    tokens = rp.tokens(scope="openid email")
    access = said(rp, tokens["access_token"]).json
    assert access["active"] is True
    assert access["scope"] == "openid email"
    assert access["username"].endswith(home.domain)
    refresh = said(rp, tokens["refresh_token"], token_type_hint="refresh_token").json
    assert (refresh["active"], refresh["sub"]) == (True, access["sub"])
    mine = robot.token(grant_type="client_credentials").json["access_token"]
    assert said(robot, mine).json["sub"] == robot.application.client_id


def test_od14_foreign_wrong_and_ended_tokens_are_told_as_nothing(app, broker, rp, robot, clock):
    tokens = rp.tokens()
    elsewhere = RelyingParty.of(app, factories.tenant(broker)).signed_in()
    nothing, other = {"active": False}, rp.other_application()
    clock.advance(seconds=3)
    for token in (tokens["access_token"], tokens["refresh_token"]):
        assert said(other, token).json == nothing
        assert said(elsewhere, token).json == nothing
    for token in (tokens["id_token"], "x", "a.b", f"{'A' * 43}.{'B' * 43}", "é", "x" * 20_000):
        assert said(rp, token).json == nothing
    clock.advance(minutes=11)
    assert said(rp, tokens["access_token"]).json == nothing
    rp.home.change(type(rp.session.row), rp.session.row.id, ended_at=clock.now())
    assert said(rp, tokens["refresh_token"]).json == nothing


@ON_SQLITE
def test_od14_who_proves_nothing_is_told_nothing(app, home):
    public = RelyingParty.of(app, home, secret=None).signed_in()
    token = public.tokens()["access_token"]
    assert call(public, "/oidc/introspect", token=token).status_code == 401
    assert call(public, "/oidc/introspect", {}, token=token).status_code == 401
    assert call(public, "/oidc/revoke", {}, token=token).status_code == 401


def test_revoked_token_ends_its_grant_at_once(rp, robot):
    for kind in ("access_token", "refresh_token"):
        tokens = rp.tokens()
        response = call(rp, "/oidc/revoke", token=tokens[kind])
        assert (response.status_code, response.text) == (200, "")
        assert rp.userinfo(tokens["access_token"]).status_code == 401
        assert rp.refresh(tokens["refresh_token"]).status_code == 400
        assert call(rp, "/oidc/revoke", token=tokens[kind]).status_code == 200
    mine = robot.token(grant_type="client_credentials").json["access_token"]
    assert call(robot, "/oidc/revoke", token=mine).status_code == 200
    assert said(robot, mine).json == {"active": False}


def test_od14_token_of_another_is_not_revoked(rp, clock):
    tokens = rp.tokens()
    other = rp.other_application()
    clock.advance(seconds=3)
    for kind in ("access_token", "refresh_token"):
        assert call(other, "/oidc/revoke", token=tokens[kind]).json["error"] == "invalid_grant"
    assert call(rp, "/oidc/revoke", token="nonsense").status_code == 200
    assert rp.userinfo(tokens["access_token"]).status_code == 200
    with rp.home.db.reading() as db:
        assert not [grant for grant in db.query(ApplicationGrant) if grant.revoked_at]


# Scripts of browsers


ORIGIN = "https://spa.example"


def ask_from(rp, origin, path, method="GET", **kwargs):
    place = rp.home.url.removesuffix(rp.home.path)
    headers = {"Origin": origin} | kwargs.pop("headers", {})
    return rp.app.test_client().open(f"{rp.home.path}{path}", base_url=place, method=method, headers=headers, **kwargs)


def test_scripts_are_let_in_exactly_where_they_are_registered(app, home, rp):
    spa = RelyingParty.of(app, home, secret=None, cors_origins=[ORIGIN]).signed_in()
    rp.home.change(type(rp.application), rp.application.id, cors_origins=["https://server.example"])
    allowed = "Access-Control-Allow-Origin"
    for path in (
        "/.well-known/openid-configuration",
        "/.well-known/oauth-authorization-server",
        "/oidc/jwks",
        "/oidc/userinfo",
    ):
        assert ask_from(rp, ORIGIN, path).headers[allowed] == ORIGIN
        assert ask_from(rp, "https://server.example", path).headers[allowed] == "https://server.example"
        for stranger in ("https://evil.example", "null", f"{ORIGIN}.evil.example", "http://spa.example"):
            answer = ask_from(rp, stranger, path)
            assert allowed not in answer.headers
            assert "Origin" in answer.headers["Vary"]
    for path in ("/oidc/token", "/oidc/revoke"):
        preflight = ask_from(spa, ORIGIN, path, "OPTIONS", headers={"Access-Control-Request-Method": "POST"})
        assert preflight.headers[allowed] == ORIGIN
        assert "POST" in preflight.headers["Access-Control-Allow-Methods"]
        assert ask_from(spa, ORIGIN, path, "POST").headers[allowed] == ORIGIN
        assert allowed not in ask_from(rp, "https://server.example", path, "POST").headers
    for path in ("/oidc/authorize", "/oidc/logout", "/oidc/par", "/oidc/introspect", "/", "/account"):
        assert allowed not in ask_from(rp, ORIGIN, path).headers
    assert "Access-Control-Allow-Credentials" not in ask_from(rp, ORIGIN, "/oidc/jwks").headers
