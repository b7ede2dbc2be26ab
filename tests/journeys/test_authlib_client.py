"""A stranger's relying party: Authlib's OAuth 2.0 session and its ID token checks, on everything that a client can do here."""

import io
from typing import Any

import pytest
import requests
from authlib.integrations.requests_client import OAuth2Session
from authlib.oauth2.rfc7523 import PrivateKeyJWT
from authlib.oidc.core import CodeIDToken
from authlib.oidc.discovery import OpenIDProviderMetadata, get_well_known_url
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from joserfc import jwt
from joserfc.jwk import KeySet
from requests.adapters import BaseAdapter
from werkzeug.test import Client

from tests import factories
from tests.peers import signing
from tests.support.relying_party import RelyingParty

VERIFIER = "authlib-makes-its-own-challenge-from-this-verifier-0123"
PLACE = "http://localhost:8000"
SECRET = "Authlib-does-not-encode-what-it-sends-by-Basic"


class InProcess(BaseAdapter):
    """`requests` to an app of this process."""

    def __init__(self, app: Any) -> None:
        super().__init__()
        self._app = app

    def send(self, request: Any, *args: Any, **kwargs: Any) -> requests.Response:
        headers = {name: value for name, value in request.headers.items() if name.lower() != "content-length"}
        answer = Client(self._app).open(request.url, base_url=PLACE, method=request.method, data=request.body, headers=headers)
        made = requests.Response()
        made.status_code, made.url, made.request = answer.status_code, request.url, request
        made.headers.update(dict(answer.headers))
        made.raw = io.BytesIO(answer.get_data())
        return made

    def close(self) -> None: ...


@pytest.fixture
def home(broker):
    return factories.tenant(broker)


def session_of(rp, method, secret=SECRET):
    made = OAuth2Session(
        rp.application.client_id,
        secret,
        token_endpoint_auth_method=method,
        revocation_endpoint_auth_method=method,
        scope="openid profile email offline_access",
        redirect_uri=rp.application.redirect_uris[0],
        code_challenge_method="S256",
    )
    made.mount(PLACE, InProcess(rp.app))
    return made


def discovered(session, rp):
    address = get_well_known_url(rp.home.url, external=True)
    document = OpenIDProviderMetadata(session.get(address, withhold_token=True).json())
    for member in document:
        check = getattr(document, f"validate_{member}", None)
        # Its rule is that everything is https; tests stand on loopback.
        if check is not None and not str(document[member]).startswith("http://localhost"):
            check()
    return document


def checked(token, metadata, session, client_id, nonce):
    """The claims, as Authlib and joserfc judge them."""
    keys = KeySet.import_key_set(session.get(metadata["jwks_uri"], withhold_token=True).json())
    read = jwt.decode(token, keys, algorithms=metadata["id_token_signing_alg_values_supported"])
    options = {"iss": {"value": metadata["issuer"]}, "aud": {"value": client_id}}
    claims = CodeIDToken(read.claims, read.header, options, {"nonce": nonce, "client_id": client_id})
    claims.validate(now=read.claims["iat"])
    return claims


def walk(rp, session):
    """A whole sign-in with Authlib; metadata, tokens, claims."""
    metadata = discovered(session, rp)
    address, _ = session.create_authorization_url(metadata["authorization_endpoint"], code_verifier=VERIFIER, nonce="n-1")
    answer = rp.get("/oidc/authorize", address.partition("?")[2])
    assert answer.parameters["iss"] == metadata["issuer"]
    tokens = session.fetch_token(metadata["token_endpoint"], authorization_response=answer.location, code_verifier=VERIFIER)
    claims = checked(tokens["id_token"], metadata, session, rp.application.client_id, "n-1")
    assert session.get(metadata["userinfo_endpoint"]).json()["sub"] == claims["sub"]
    return metadata, tokens, claims


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post", "none"])
def test_authlib_signs_in_refreshes_asks_and_gives_back(app, home, method):
    secret = None if method == "none" else SECRET
    rp = RelyingParty.of(app, home, secret=secret, client_auth=method).signed_in()
    session = session_of(rp, method, secret)
    metadata, tokens, claims = walk(rp, session)
    renewed = session.refresh_token(metadata["token_endpoint"], refresh_token=tokens["refresh_token"])
    again = checked(renewed["id_token"], metadata, session, rp.application.client_id, None)
    assert (again["sub"], again["auth_time"]) == (claims["sub"], claims["auth_time"])
    if secret:
        said = session.introspect_token(metadata["introspection_endpoint"], token=renewed["access_token"])
        assert said.json()["active"] is True
    given_back = session.revoke_token(metadata["revocation_endpoint"], token=renewed["refresh_token"])
    assert given_back.status_code == 200, given_back.text
    assert session.get(metadata["userinfo_endpoint"]).status_code == 401


def test_authlib_proves_itself_by_its_key(app, home):
    key = signing.rsa_key()
    jwks = {"keys": [key.jwk()]}
    rp = RelyingParty.of(app, home, client_auth="private_key_jwt", secret_hash=None, jwks=jwks).signed_in()
    pem = key.private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    session = session_of(rp, "private_key_jwt", pem)
    # Its assertions are dated by the real clock; the tests' stands elsewhere, so the claims of time are given.
    at = int(app.extensions["broker"].ports.clock.now().timestamp())
    times = {"iat": at, "exp": at + 60, "nbf": at}
    session.register_client_auth_method(PrivateKeyJWT(f"{home.url}/oidc/token", times, {"kid": key.kid}))
    _metadata, tokens, _claims = walk(rp, session)
    assert tokens["token_type"] == "Bearer"


def test_authlib_gets_a_token_without_a_person(app, home):
    columns = {"grant_types": ["client_credentials"], "scopes": ["travel:read"]}
    rp = RelyingParty.of(app, home, secret=SECRET, **columns)
    session = session_of(rp, "client_secret_basic")
    session.scope = None
    got = session.fetch_token(f"{home.url}/oidc/token", grant_type="client_credentials")
    assert got["scope"] == "travel:read"
