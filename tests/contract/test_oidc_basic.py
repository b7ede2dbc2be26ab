"""The modules of the OpenID Foundation's plans that can hold here, walked as its suite does: from outside, by HTTP.

Plans: oidcc-basic (code) and oidcc-config; signing out stands in test_oidc_rp_logout.py. Each test carries its module's name.
Left out: modules for registration on demand, and for request objects beyond their refusal. Every module runs at a tenant in
path form and at one on a host of its own, on both databases.
"""

import re
from urllib.parse import urlencode

import pytest

from tests.support.plan import NOBODY_TO_ASK, STATE
from tests.support.relying_party import CHALLENGE, SECRET, VERIFIER, unsigned

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


def test_signing_in_anew_keeps_what_other_applications_were_granted(plan):
    first, before, _ = plan.run()
    cookie = plan.browser.cookie("sid")
    other = plan.new_client()
    _, after, _ = plan.run(other, prompt="login")
    assert after["sid"] == before["sid"]
    assert plan.browser.cookie("sid") != cookie
    assert plan.client.refresh(first["refresh_token"]).status_code == 200
    assert plan.client.userinfo(first["access_token"]).status_code == 200


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
    assert document["subject_types_supported"] == ["public", "pairwise"]
    assert "openid" in document["scopes_supported"]
    assert document["request_uri_parameter_supported"] is False
    assert document["claims_supported"]
    keys = plan.client.document("/oidc/jwks").json["keys"]
    assert len({key["kid"] for key in keys}) == len(keys) >= 2
    assert not any({"d", "p", "q", "dp", "dq", "qi", "k"} & set(key) for key in keys)
