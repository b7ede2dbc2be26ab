"""An application with a key of its own (`private_key_jwt`), and the assertions that it signs."""

from datetime import datetime
from typing import Any

from tenants.ids import new_secret
from tests.peers import signing
from tests.peers.signing import PeerKey
from tests.support.relying_party import RelyingParty

TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
KEY = signing.ec_key()


def keyed(app: Any, home: Any, key: PeerKey = KEY, **columns: Any) -> RelyingParty:
    """An application that proves itself by this key."""
    jwks = None if "jwks_uri" in columns else {"keys": [key.jwk()]}
    usual = {"client_auth": "private_key_jwt", "secret_hash": None, "jwks": jwks}
    return RelyingParty.of(app, home, **(usual | columns))


def assertion(rp: RelyingParty, now: datetime, key: PeerKey = KEY, header: dict[str, Any] | None = None, **changes: Any) -> str:
    """As it should be, with these claims changed; None leaves one out."""
    at = int(now.timestamp())
    mine = rp.application.client_id
    usual = {"iss": mine, "sub": mine, "aud": rp.home.url, "iat": at, "exp": at + 60, "jti": new_secret()}
    claims = {name: value for name, value in (usual | changes).items() if value is not None}
    return key.sign(claims, **(header or {}))


def shown(token: str, **form: str) -> dict[str, str]:
    """The form with which it is shown."""
    return {"client_assertion_type": TYPE, "client_assertion": token, **form}


def call(rp: RelyingParty, path: str, headers: dict[str, str] | None = None, **form: str | None) -> Any:
    """An endpoint of the back channel, as a program without cookies; authenticated as registered, unless `headers` say how."""
    body = {name: value for name, value in form.items() if value is not None}
    auth = rp.client_auth(body) if headers is None else headers
    origin = rp.home.url.removesuffix(rp.home.path)
    return rp.app.test_client().post(f"{rp.home.path}{path}", base_url=origin, data=body, headers=auth)
