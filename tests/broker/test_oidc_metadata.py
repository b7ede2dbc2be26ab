"""The provider's public documents."""

import pytest

from tenants.keys import SigningKey
from tests import factories
from tests.support.relying_party import RelyingParty, verified


@pytest.fixture
def home(broker):
    return factories.tenant(broker)


@pytest.fixture
def rp(app, home):
    return RelyingParty.of(app, home).signed_in()


def test_metadata_says_what_there_is(rp, home):
    response = rp.document("/.well-known/openid-configuration")
    assert response.status_code == 200
    assert response.content_type == "application/json"
    document = response.json
    assert document["issuer"] == home.url
    for name, path in (
        ("authorization_endpoint", "authorize"),
        ("token_endpoint", "token"),
        ("userinfo_endpoint", "userinfo"),
        ("jwks_uri", "jwks"),
        ("end_session_endpoint", "logout"),
    ):
        assert document[name] == f"{home.url}/oidc/{path}"
    assert document["response_types_supported"] == ["code"]
    assert document["grant_types_supported"] == ["authorization_code", "refresh_token", "client_credentials"]
    assert document["id_token_signing_alg_values_supported"] == ["RS256", "ES256"]
    assert document["code_challenge_methods_supported"] == ["S256"]
    assert document["token_endpoint_auth_methods_supported"] == [
        "client_secret_basic",
        "client_secret_post",
        "private_key_jwt",
        "none",
    ]
    assert document["authorization_response_iss_parameter_supported"] is True
    assert rp.document("/.well-known/oauth-authorization-server").json == document


def test_metadata_of_an_issuer_with_a_path_stands_in_front_of_it_too(rp, home):
    """RFC 8414, 3.1."""
    client = rp.app.test_client()
    here = client.get(f"/.well-known/oauth-authorization-server{home.path}", base_url="http://localhost:8000")
    assert here.json["issuer"] == home.url
    for other in ("/t/nobody-here", "/t/", "/t/x/y", f"{home.path}/"):
        answer = client.get(f"/.well-known/oauth-authorization-server{other}", base_url="http://localhost:8000")
        assert answer.status_code == 404


@pytest.mark.parametrize("path", ["/.well-known/openid-configuration", "/oidc/jwks"])
def test_documents_are_kept_by_caches_and_here(rp, path, count_statements):
    first = rp.document(path)
    assert first.headers["Cache-Control"] == "public, max-age=300"
    assert "Cookie" not in first.headers.get("Vary", "")
    with count_statements() as count:
        again = rp.document(path, If_None_Match=first.headers["ETag"])
    assert again.status_code == 304
    assert again.data == b""
    assert len(count) == 0
    assert rp.document(path, If_None_Match='"another"').data == first.data


def test_key_set_shows_public_halves_only(rp):
    keys = rp.document("/oidc/jwks").json["keys"]
    assert {key["alg"] for key in keys} == {"RS256", "ES256"}
    assert len({key["kid"] for key in keys}) == len(keys)
    for key in keys:
        assert key["use"] == "sig"
        assert set(key) <= {"kty", "kid", "use", "alg", "n", "e", "crv", "x", "y"}


def test_key_set_shows_nothing_private_even_if_the_row_does(rp, home, clock):
    with home.db.reading() as db:
        key = db.query(SigningKey).filter_by(algorithm="ES256").one()
    home.change(SigningKey, key.id, public_jwk=dict(key.public_jwk) | {"d": "a private part"})
    clock.advance(seconds=3)
    assert "a private part" not in rp.document("/oidc/jwks").text


def test_newest_active_key_signs_and_older_ones_still_prove(rp, home, clock):
    old = rp.tokens()
    clock.advance(seconds=3)
    new_key = home.add(factories.signing_key(home, "ES256"))
    clock.advance(seconds=3)
    header, _ = verified(rp.tokens()["access_token"], rp.document("/oidc/jwks").json)
    assert header["kid"] == new_key.id
    assert rp.userinfo(old["access_token"]).status_code == 200
    with home.db.reading() as db:
        before = db.query(SigningKey).filter_by(algorithm="ES256").order_by(SigningKey.created_at).first()
    home.change(SigningKey, before.id, state="retired")
    clock.advance(seconds=3)
    assert before.id not in {key["kid"] for key in rp.document("/oidc/jwks").json["keys"]}
    assert rp.userinfo(old["access_token"]).status_code == 401


def test_post_gets_no_document(rp):
    assert rp.post("/.well-known/openid-configuration", {}).status == 405
    assert rp.post("/oidc/jwks", {}).status == 405
