"""From a live session to tokens, and on with refresh tokens."""

from datetime import timedelta

import pytest

from broker.downstream.oidc.codes import OFFLINE_LIFE
from tenants.sessions import ApplicationGrant
from tests import factories
from tests.support.relying_party import SECRET, RelyingParty, at_hash, verified


@pytest.fixture
def rp(app, broker):
    return RelyingParty.of(app, factories.tenant(broker)).signed_in()


def test_live_session_takes_six_statements_and_two_commits_for_tokens(rp, count_statements):
    rp.tokens(scope="openid profile email")  # warms what is kept
    with count_statements() as count:
        rp.tokens(scope="openid profile email")
    assert len(count) <= 6, count.statements
    assert count.commits == 2, count.statements


def test_refresh_takes_two_statements_and_one_commit(rp, count_statements):
    first = rp.tokens()
    with count_statements() as count:
        assert rp.refresh(first["refresh_token"]).status_code == 200
    assert len(count) == 2, count.statements
    assert count.commits == 1


def test_answer_is_complete_and_kept_by_nobody(rp):
    response = rp.redeem(rp.code(scope="email openid unknown profile"))
    assert response.status_code == 200
    assert response.content_type == "application/json"
    assert response.headers["Cache-Control"] == "no-store"
    body = response.json
    assert sorted(body) == ["access_token", "expires_in", "id_token", "refresh_token", "scope", "token_type"]
    assert body["token_type"] == "Bearer"
    assert body["expires_in"] == 600
    assert body["scope"] == "openid profile email"


@pytest.mark.parametrize("algorithm", ["RS256", "ES256"])
def test_id_token_says_who_when_and_how_and_no_more(app, broker, clock, algorithm):
    rp = RelyingParty.of(app, factories.tenant(broker), id_token_alg=algorithm).signed_in()
    signed_in_at = int(clock.now().timestamp())
    clock.advance(minutes=5)
    body = rp.tokens(scope="openid profile email groups", nonce="n-1")
    header, claims = verified(body["id_token"], rp.document("/oidc/jwks").json)
    now = int(clock.now().timestamp())
    assert header["alg"] == algorithm
    assert header["typ"] == "JWT"
    assert len(claims.pop("jti")) == 43
    assert claims == {
        "iss": rp.home.url,
        "aud": rp.application.client_id,
        "sub": rp.session.row.account_id,
        "iat": now,
        "exp": now + 3600,
        "auth_time": signed_in_at,
        "nonce": "n-1",
        "at_hash": at_hash(body["access_token"]),
        "sid": rp.session.row.id,
        "amr": ["pwd", "otp", "mfa"],
    }


def test_access_token_is_for_userinfo_only(rp, clock):
    header, claims = verified(rp.tokens()["access_token"], rp.document("/oidc/jwks").json)
    assert header["typ"] == "at+jwt"
    assert header["alg"] == "ES256"
    assert claims["aud"] == f"{rp.home.url}/oidc/userinfo"
    assert claims["client_id"] == rp.application.client_id
    assert claims["sub"] == rp.session.row.account_id
    assert claims["exp"] - claims["iat"] == 600
    assert claims["scope"] == "openid"


def test_request_without_nonce_gets_an_id_token_without_one(rp):
    assert "nonce" not in rp.claims(rp.tokens(nonce=None)["id_token"])


@pytest.mark.parametrize(
    ("client_auth", "secret"),
    [("client_secret_basic", SECRET), ("client_secret_post", SECRET), ("none", None)],
    ids=["basic", "post", "public with PKCE"],
)
def test_clients_prove_themselves_as_registered(app, broker, client_auth, secret):
    rp = RelyingParty.of(app, factories.tenant(broker), secret=secret, client_auth=client_auth).signed_in()
    assert rp.tokens()["id_token"]


def test_client_without_pkce_by_its_switch_gets_tokens(app, broker):
    rp = RelyingParty.of(app, factories.tenant(broker), is_pkce_required=False).signed_in()
    code = rp.code(code_challenge=None, code_challenge_method=None)
    assert rp.redeem(code, code_verifier=None).status_code == 200


def test_refreshed_id_token_is_about_the_same_sign_in(rp, clock):
    first = rp.tokens()
    before = rp.claims(first["id_token"])
    clock.advance(minutes=9)
    second = rp.refresh(first["refresh_token"]).json
    after = rp.claims(second["id_token"])
    same = ("iss", "sub", "aud", "auth_time", "sid", "amr")
    assert {name: before[name] for name in same} == {name: after[name] for name in same}
    assert "nonce" not in after
    assert after["iat"] == before["iat"] + 540
    assert after["jti"] != before["jti"]
    assert second["refresh_token"] != first["refresh_token"]
    assert rp.userinfo(second["access_token"]).status_code == 200


def test_refresh_may_ask_for_less(rp):
    first = rp.tokens(scope="openid email profile")
    narrowed = rp.refresh(first["refresh_token"], scope="openid").json
    assert narrowed["scope"] == "openid"
    assert list(rp.userinfo(narrowed["access_token"]).json) == ["sub"]
    again = rp.refresh(narrowed["refresh_token"]).json
    assert again["scope"] == "openid profile email"


def test_refresh_without_openid_brings_no_id_token(rp):
    narrowed = rp.refresh(rp.tokens(scope="openid email")["refresh_token"], scope="email").json
    assert "id_token" not in narrowed
    response = rp.userinfo(narrowed["access_token"])
    assert response.status_code == 403
    assert response.json["error"] == "insufficient_scope"
    assert 'error="insufficient_scope"' in response.headers["WWW-Authenticate"]


def test_refresh_token_ends_with_the_session_that_it_came_from(rp, clock):
    token = rp.tokens()["refresh_token"]
    clock.advance(hours=11, minutes=59)
    token = rp.refresh(token).json["refresh_token"]
    clock.advance(minutes=1)
    assert rp.refresh(token).json["error"] == "invalid_grant"


def test_offline_access_outlives_the_session_but_not_30_days(rp, clock):
    token = rp.tokens(scope="openid offline_access")["refresh_token"]
    clock.advance(seconds=(OFFLINE_LIFE - timedelta(hours=1)).total_seconds())
    token = rp.refresh(token).json["refresh_token"]
    clock.advance(hours=1)
    assert rp.refresh(token).json["error"] == "invalid_grant"


def test_lost_answer_can_be_asked_for_again(rp, clock):
    first = rp.tokens()["refresh_token"]
    second = rp.refresh(first).json["refresh_token"]
    clock.advance(seconds=10)
    repeated = rp.refresh(first)
    assert repeated.status_code == 200
    assert repeated.json["refresh_token"] == second
    assert rp.refresh(second).status_code == 200


def test_person_who_left_the_group_gets_no_new_token(app, broker):
    home = factories.tenant(broker)
    rp = RelyingParty.of(app, home, required_groups=["staff"])
    rp.signed_in(factories.account(home, with_password=False, with_totp=False, groups=("staff",)))
    token = rp.tokens()["refresh_token"]
    home.change(type(rp.application), rp.application.id, required_groups=["board"])
    assert rp.refresh(token).json["error"] == "invalid_grant"


def test_way_that_the_application_stopped_accepting_gets_no_new_token(rp):
    token = rp.tokens()["refresh_token"]
    rp.home.change(type(rp.application), rp.application.id, accepted_connections=["entra"])
    assert rp.refresh(token).json["error"] == "invalid_grant"


def test_application_switched_off_gets_no_token_for_its_code(rp):
    code = rp.code()
    rp.home.change(type(rp.application), rp.application.id, is_enabled=False)
    response = rp.redeem(code)
    assert response.status_code == 401
    assert response.json["error"] == "invalid_client"


@pytest.mark.parametrize(
    ("form", "error"),
    [
        ({}, "invalid_request"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"grant_type": "client_credentials"}, "unauthorized_client"),
        ({"grant_type": "authorization_code"}, "invalid_request"),
        ({"grant_type": "refresh_token"}, "invalid_request"),
        ({"grant_type": "authorization_code", "code": "short"}, "invalid_grant"),
        ({"grant_type": "authorization_code", "code": "A" * 43}, "invalid_grant"),
        ({"grant_type": "refresh_token", "refresh_token": "no-dot"}, "invalid_grant"),
        ({"grant_type": "refresh_token", "refresh_token": f"{'A' * 43}.{'B' * 43}"}, "invalid_grant"),
        ({"grant_type": "refresh_token", "refresh_token": "\x00.\x00"}, "invalid_grant"),
    ],
    ids=[
        "no grant type",
        "password",
        "client credentials",
        "no code",
        "no refresh token",
        "a short code",
        "an unknown code",
        "a refresh token without its dot",
        "an unknown refresh token",
        "a refresh token of control characters",
    ],
)
def test_wrong_token_request_is_told_why(rp, form, error):
    response = rp.token(**form)
    assert response.status_code == 400
    assert response.json["error"] == error
    assert response.headers["Cache-Control"] == "no-store"


def test_only_forms_are_read(rp):
    response = rp.app.test_client().post(
        f"{rp.home.path}/oidc/token", base_url="http://localhost:8000", json={"grant_type": "authorization_code"}
    )
    assert response.status_code == 400
    assert response.json["error"] == "invalid_request"


def test_grant_of_a_code_that_nobody_fetched_runs_out(rp, clock, broker):
    rp.code()
    with rp.home.db.reading() as db:
        grants = db.query(ApplicationGrant).all()
    assert [grant.expires_at for grant in grants] == [rp.session.row.expires_at]
