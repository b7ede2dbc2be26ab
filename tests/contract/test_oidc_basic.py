"""The modules of the OpenID Foundation's plans that can hold here, walked as its suite does: from outside, by HTTP.

Plans: oidcc-basic (code), oidcc-config, oidcc-rp-initiated-logout. Each test carries its module's name. Left out: modules for
registration on demand and for request objects that the metadata declares unsupported beyond their refusal. Every module
runs at a tenant in path form and at one on a host of its own, on both databases.
"""

import re
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest

from tenants.ids import new_id
from tests import factories
from tests.browser import Browser
from tests.support.relying_party import CHALLENGE, SECRET, VERIFIER, RelyingParty, at_hash, unsigned, verified

STATE = "s" * 128
NOBODY_TO_ASK = {"login_required", "interaction_required", "consent_required", "account_selection_required"}
UNASKED = {"name", "given_name", "family_name", "email", "email_verified", "groups", "address", "phone_number", "acr"}


class Plan:
    """One tenant, one person with a browser, and an application that asks as the suite does: without PKCE."""

    def __init__(self, app, home, clock):
        self.app, self.home, self.clock = app, home, clock
        self.person = factories.account(home, f"ada@{home.domain}", name="Ada Lovelace")
        self.client = self.new_client()
        self.shown = 0
        parts = urlsplit(home.url)
        self.browser = Browser(app, f"{parts.scheme}://{parts.netloc}")

    def new_client(self, **columns):
        return RelyingParty.of(self.app, self.home, **({"is_pkce_required": False} | columns))

    def request(self, client=None, **changes):
        usual = {"code_challenge": None, "code_challenge_method": None, "state": STATE}
        return (client or self.client).request(**(usual | changes))

    def ask(self, client=None, *, post=False, **changes):
        """Go to the authorization endpoint; sign in where the page for it comes. The answer's parameters."""
        request = self.request(client, **changes)
        address = f"{self.home.url}/oidc/authorize"
        if post:
            self.browser.post(address, request, origin="https://suite.example")
        else:
            self.browser.open(f"{address}?{urlencode(request)}")
        return self.rest(client)

    def rest(self, client=None):
        """Sign in if asked, and read what the application got."""
        if self.browser.foreign is None:
            self.sign_in()
        address = self.browser.foreign
        assert address is not None, str(self.browser)
        assert address.startswith((client or self.client).application.redirect_uris[0])
        assert "#" not in address
        return dict(parse_qsl(urlsplit(address).query, keep_blank_values=True))

    def sign_in(self):
        """Address, password and code, as a person."""
        self.shown += 1
        self.clock.advance(seconds=30)  # a code of the app works once
        self.browser.submit(email=self.person.email, press="Continue")
        self.browser.submit(password=self.person.password)
        self.browser.submit(code=self.person.code(self.clock.now()))

    def run(self, client=None, redeem=None, *, post=False, **changes):
        """A whole module: authorization, tokens, UserInfo, with everything that the suite always checks."""
        client = client or self.client
        answer = self.ask(client, post=post, **changes)
        assert "error" not in answer
        assert answer.get("state") == self.request(client, **changes).get("state")
        assert answer["iss"] == self.home.url
        # At least 128 bits, and of the form that random ones have.
        assert re.fullmatch(r"[A-Za-z0-9_-]{43}", answer["code"])
        response = client.redeem(answer["code"], **({"code_verifier": None} | (redeem or {})))
        assert response.status_code == 200
        body = response.json
        assert body["expires_in"] > 0
        claims = self.check_id_token(client, body, self.request(client, **changes).get("nonce"))
        told = client.userinfo(body["access_token"])
        assert told.status_code == 200
        assert told.json["sub"] == claims["sub"]
        return body, claims, told.json

    def check_id_token(self, client, body, nonce):
        header, claims = verified(body["id_token"], client.document("/oidc/jwks").json)
        now = self.clock.now().timestamp()
        assert header["alg"] == "RS256"
        assert claims["iss"] == client.document("/.well-known/openid-configuration").json["issuer"]
        assert claims["aud"] == client.application.client_id
        assert now < claims["exp"] < now + 86_400
        assert abs(claims["iat"] - now) < 300
        assert now - 86_400 < claims["auth_time"] <= now
        assert claims.get("nonce") == nonce
        assert claims["at_hash"] == at_hash(body["access_token"])
        assert claims["sub"] == self.person.id
        assert not UNASKED & set(claims)
        return claims

    def sign_out(self, hint, **changes):
        """Go to the end-session endpoint; where the browser rests."""
        usual = {
            "id_token_hint": hint,
            "post_logout_redirect_uri": self.client.application.post_logout_redirect_uris[0],
            "state": STATE,
        }
        query = {name: value for name, value in (usual | changes).items() if value is not None}
        self.browser.open(f"{self.home.url}/oidc/logout?{urlencode(query)}")
        return self.browser.foreign

    def is_signed_in(self):
        answer = self.ask(prompt="none")
        assert "code" in answer or answer["error"] in NOBODY_TO_ASK
        return "code" in answer


@pytest.fixture(params=["path", "host"])
def plan(request, app, broker, clock):
    host = f"{new_id('h')[2:12]}.login.example" if request.param == "host" else None
    return Plan(app, factories.tenant(broker, host=host), clock)


# oidcc-basic


def test_oidcc_server(plan):
    body, _, told = plan.run()
    assert plan.shown == 1
    assert body["token_type"] == "Bearer"
    assert told == {"sub": plan.person.id}


def test_oidcc_response_type_missing(plan):
    assert plan.ask(response_type=None)["error"] in {"invalid_request", "unsupported_response_type"}


@pytest.mark.parametrize("way", ["get", "post-header", "post-body"])
def test_oidcc_userinfo(plan, way):
    body, _, told = plan.run()
    header, form = {"Authorization": f"Bearer {body['access_token']}"}, {"access_token": body["access_token"]}
    client = plan.client
    if way == "get":
        response = client.userinfo(body["access_token"])
    else:
        response = client.post(
            "/oidc/userinfo", *(({},), (form,))[way == "post-body"], **(header if way == "post-header" else {})
        ).response
    assert response.status_code == 200
    assert response.json == told


def test_oidcc_ensure_request_without_nonce_succeeds_for_code_flow(plan):
    plan.run(nonce=None)


@pytest.mark.parametrize("scope", ["openid profile", "openid email", "openid profile email address phone"])
def test_oidcc_scope(plan, scope):
    _, _, told = plan.run(scope=scope)
    if "profile" in scope:
        assert told["name"] == "Ada Lovelace"
    if "email" in scope:
        assert told["email"] == plan.person.email
        assert told["email_verified"] is False
    assert not {"address", "phone_number"} & set(told)


def test_oidcc_alternate_happy_flow(plan):
    request = plan.request(scope="email profile openid")
    plan.browser.open(f"{plan.home.url}/oidc/authorize?{urlencode(list(reversed(request.items())))}")
    assert "code" in plan.rest()


@pytest.mark.parametrize(
    "changes",
    [
        {"display": "page"},
        {"display": "popup"},
        {"extra": "foobar"},
        {"login_hint": "buffy@suite.example"},
        {"ui_locales": "se"},
        {"claims_locales": "se"},
        {"acr_values": "1 2"},
    ],
    ids=[
        "display-page",
        "display-popup",
        "ensure-request-with-unknown-parameter-succeeds",
        "login-hint",
        "ui-locales",
        "claims-locales",
        "ensure-request-with-acr-values-succeeds",
    ],
)
def test_oidcc_parameter_that_must_not_hurt(plan, changes):
    plan.run(**changes)


def test_oidcc_prompt_login(plan):
    _, before, _ = plan.run()
    plan.clock.advance(seconds=1)
    _, after, _ = plan.run(prompt="login")
    assert plan.shown == 2
    assert after["auth_time"] > before["auth_time"]


def test_oidcc_prompt_none_not_logged_in(plan):
    answer = plan.ask(prompt="none")
    assert plan.shown == 0
    assert answer["error"] in NOBODY_TO_ASK
    assert answer["state"] == STATE
    assert answer["iss"] == plan.home.url
    assert re.fullmatch(r"[ !#-\[\]-~]*", answer["error_description"])
    assert set(answer) == {"error", "error_description", "state", "iss"}


def test_oidcc_prompt_none_logged_in(plan):
    _, before, _ = plan.run()
    plan.clock.advance(seconds=1)
    _, after, _ = plan.run(prompt="none")
    assert plan.shown == 1
    assert after["sub"] == before["sub"]
    assert after["auth_time"] == before["auth_time"]


def test_oidcc_max_age_1(plan):
    _, before, _ = plan.run()
    plan.clock.advance(seconds=2)
    _, after, _ = plan.run(max_age="1")
    assert plan.shown == 2
    assert after["auth_time"] > before["auth_time"]
    assert plan.clock.now().timestamp() - after["auth_time"] < 5


def test_oidcc_max_age_10000(plan):
    _, before, _ = plan.run(max_age="15000")
    plan.clock.advance(seconds=2)
    _, after, _ = plan.run(max_age="10000")
    assert plan.shown == 1
    assert (after["sub"], after["auth_time"]) == (before["sub"], before["auth_time"])


def test_oidcc_id_token_hint(plan):
    body, before, _ = plan.run()
    _, after, _ = plan.run(prompt="none", id_token_hint=body["id_token"])
    assert plan.shown == 1
    assert after["sub"] == before["sub"]


def test_oidcc_codereuse(plan):
    code = plan.ask()["code"]
    assert plan.client.redeem(code, code_verifier=None).status_code == 200
    response = plan.client.redeem(code, code_verifier=None)
    assert response.status_code == 400
    assert response.json["error"] == "invalid_grant"


def test_oidcc_codereuse_30seconds(plan):
    code = plan.ask()["code"]
    body = plan.client.redeem(code, code_verifier=None).json
    plan.clock.advance(seconds=30)
    response = plan.client.redeem(code, code_verifier=None)
    assert response.status_code == 400
    assert response.content_type == "application/json"
    assert response.json["error"] == "invalid_grant"
    assert plan.client.userinfo(body["access_token"]).status_code == 401


def test_oidcc_ensure_registered_redirect_uri(plan):
    address = f"{plan.client.application.redirect_uris[0]}/random-segment"
    plan.browser.open(f"{plan.home.url}/oidc/authorize?{urlencode(plan.request(redirect_uri=address))}")
    assert plan.browser.foreign is None
    assert plan.browser.status == 400


def test_oidcc_ensure_post_request_succeeds(plan):
    plan.run(post=True)
    assert plan.shown == 1
    # With a live session it goes straight through, although the cookie did not travel with the POST.
    plan.run(post=True)
    assert plan.shown == 1


def test_oidcc_server_client_secret_post(plan):
    plan.run(plan.new_client(client_auth="client_secret_post"))


def test_oidcc_client_secret_basic_is_form_decoded(plan):
    assert set("+/=:% ") < set(SECRET)
    plan.run(plan.new_client(client_auth="client_secret_basic"))


def test_oidcc_unsigned_request_object(plan):
    inside = unsigned(plan.request())
    assert plan.ask(request=inside)["error"] == "request_not_supported"
    assert plan.ask(request_uri="https://suite.example/request")["error"] == "request_uri_not_supported"


def test_oidcc_ensure_request_object_with_redirect_uri(plan):
    request = plan.request(request=unsigned(plan.request()), redirect_uri="https://suite.example/bad")
    plan.browser.open(f"{plan.home.url}/oidc/authorize?{urlencode(request)}")
    assert plan.browser.foreign is None
    assert plan.browser.status == 400


def test_oidcc_claims_essential(plan):
    _, _, told = plan.run(claims='{"userinfo": {"name": {"essential": true}}}', scope="openid profile")
    assert told["name"] == "Ada Lovelace"


def test_oidcc_refresh_token(plan):
    second = plan.new_client()
    body, before, _ = plan.run(scope="openid offline_access", prompt="consent")
    response = plan.client.refresh(body["refresh_token"], scope="openid offline_access")
    assert response.status_code == 200
    assert response.headers["Cache-Control"] == "no-store"
    renewed = response.json
    assert renewed["access_token"] != body["access_token"]
    assert plan.client.userinfo(renewed["access_token"]).status_code == 200
    after = plan.client.claims(renewed["id_token"])
    assert [before[name] for name in ("iss", "sub", "aud", "auth_time")] == [
        after[name] for name in ("iss", "sub", "aud", "auth_time")
    ]
    stolen = second.refresh(renewed["refresh_token"])
    assert stolen.status_code == 400
    assert stolen.json["error"] == "invalid_grant"


def test_oidcc_ensure_request_with_valid_pkce_succeeds(plan):
    plan.run(redeem={"code_verifier": VERIFIER}, code_challenge=CHALLENGE, code_challenge_method="S256")


# oidcc-config


def test_oidcc_discovery_endpoint_verification(plan):
    response = plan.client.document("/.well-known/openid-configuration")
    assert response.status_code == 200
    assert response.content_type == "application/json"
    document = response.json
    assert document["issuer"] == plan.home.url
    for name, value in document.items():
        if name.endswith("_endpoint") or name == "jwks_uri":
            assert value.startswith(f"{plan.home.url}/")
        assert isinstance(value, list) == (name.endswith("_supported") and not isinstance(value, bool)), name
    assert "code" in document["response_types_supported"]
    assert "RS256" in document["id_token_signing_alg_values_supported"]
    assert "none" not in document["id_token_signing_alg_values_supported"]
    assert document["subject_types_supported"] == ["public"]
    assert "openid" in document["scopes_supported"]
    assert document["request_uri_parameter_supported"] is False
    assert document["claims_supported"]
    keys = plan.client.document("/oidc/jwks").json["keys"]
    assert len({key["kid"] for key in keys}) == len(keys) >= 2
    assert not any({"d", "p", "q", "dp", "dq", "qi", "k"} & set(key) for key in keys)


# oidcc-rp-initiated-logout


def test_oidcc_rp_initiated_logout_discovery_endpoint_verification(plan):
    document = plan.client.document("/.well-known/openid-configuration").json
    assert document["end_session_endpoint"] == f"{plan.home.url}/oidc/logout"


@pytest.mark.parametrize("state", [STATE, None], ids=["with state", "no state"])
def test_oidcc_rp_initiated_logout(plan, state):
    hint = plan.run()[0]["id_token"]
    back = plan.client.application.post_logout_redirect_uris[0]
    assert plan.sign_out(hint, state=state) == (f"{back}?state={state}" if state else back)
    assert not plan.is_signed_in()


@pytest.mark.parametrize("module", ["bad", "query-added"])
def test_oidcc_rp_initiated_logout_post_logout_redirect_uri(plan, module):
    hint = plan.run()[0]["id_token"]
    back = plan.client.application.post_logout_redirect_uris[0]
    bad = {"bad": f"{back}/random", "query-added": f"{back}?foo=bar"}[module]
    assert plan.sign_out(hint, post_logout_redirect_uri=bad) is None
    assert plan.browser.title.startswith("Do you want to sign out?")


@pytest.mark.parametrize("module", ["modified", "bad", "no"])
def test_oidcc_rp_initiated_logout_id_token_hint(plan, module):
    hint = plan.run()[0]["id_token"]
    stranger = hint.rpartition(".")[0] + ".c2lnbmVkIGJ5IGEgc3RyYW5nZXI"
    changed = {"modified": unsigned(plan.client.claims(hint)), "bad": stranger, "no": None}[module]
    assert plan.sign_out(changed) is None
    assert plan.browser.title.startswith("Do you want to sign out?")


def test_oidcc_rp_initiated_logout_no_post_logout_redirect_uri(plan):
    hint = plan.run()[0]["id_token"]
    assert plan.sign_out(hint, post_logout_redirect_uri=None, state=None) is None
    assert "signed out" in plan.browser.title
    assert not plan.is_signed_in()


@pytest.mark.parametrize("state", [None, STATE], ids=["no-params", "only-state"])
def test_oidcc_rp_initiated_logout_without_parameters(plan, state):
    plan.run()
    assert plan.sign_out(None, post_logout_redirect_uri=None, state=state) is None
    plan.browser.submit(press="Sign out")
    assert "signed out" in plan.browser.title
    assert not plan.is_signed_in()
