"""A relying party made with Authlib's Flask client: a stranger to our code, so that both sides prove each other."""

from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from threading import Lock
from typing import Any, cast

from authlib.integrations.flask_client import OAuth, OAuthError
from flask import Flask, request, url_for
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from werkzeug.wrappers import Response

from broker.system import SystemClock

_LOGOUT = "http://schemas.openid.net/event/backchannel-logout"
SCOPE = "openid profile email groups offline_access"


@dataclass(frozen=True, slots=True)
class Client:
    """How an application is known to one organization."""

    key: str
    organization: str
    issuer: str
    client_id: str
    auth: str
    """`client_secret_basic`, `client_secret_post` or `none`."""
    secret: str | None = None


@dataclass(frozen=True, slots=True)
class SignedIn:
    """What the application got."""

    client: Client
    id_token: str
    claims: Mapping[str, Any]
    """Of the ID token, checked by Authlib."""
    userinfo: Mapping[str, Any]
    refresh_token: str | None
    refreshed: int = 0


class SignInError(Exception):
    """The organization's answer is no sign-in; `error` and `description` as it said, or as we found."""

    def __init__(self, error: str, description: str = "") -> None:
        super().__init__(f"{error}: {description}")
        self.error = error
        self.description = description


class Memory:
    """The newest `capacity` values by key, in memory. Authlib keeps what belongs to a running sign-in here too."""

    def __init__(self, capacity: int = 1000) -> None:
        self._values: OrderedDict[str, Any] = OrderedDict()
        self._capacity = capacity
        self._lock = Lock()

    def get(self, key: str) -> Any:
        return self._values.get(key)

    def set(self, key: str, value: Any, _seconds: int | None = None) -> None:
        with self._lock:
            self._values[key] = value
            if len(self._values) > self._capacity:
                self._values.popitem(last=False)

    def delete(self, key: str) -> None:
        with self._lock:
            self._values.pop(key, None)

    def drop(self, is_meant: Callable[[Any], bool]) -> int:
        """Forget the values that are meant; how many they were."""
        with self._lock:
            meant = [key for key, value in self._values.items() if is_meant(value)]
            for key in meant:
                del self._values[key]
        return len(meant)


class RelyingParty:
    """The protocol side of an application: one Authlib client for each organization it works with."""

    def __init__(self, site: Flask, clients: Sequence[Client]) -> None:
        self._oauth = OAuth(site, cache=Memory())
        self.clients = {client.key: client for client in clients}
        for client in clients:
            self._oauth.register(
                client.key,
                server_metadata_url=f"{client.issuer}/.well-known/openid-configuration",
                client_id=client.client_id,
                client_secret=client.secret,
                client_kwargs={
                    "scope": SCOPE,
                    "code_challenge_method": "S256",
                    "token_endpoint_auth_method": client.auth,
                },
            )

    def begin(self, client: Client, **parameters: str) -> Response:
        """To the organization, with further `parameters` of the authorization request."""
        remote = self._oauth.create_client(client.key)
        with _told_plainly():
            return_to = url_for("callback", key=client.key, _external=True)
            return cast(Response, remote.authorize_redirect(return_to, **parameters))

    def finish(self, client: Client) -> SignedIn:
        """Take the answer that the browser brought. Raises SignInError."""
        remote = self._oauth.create_client(client.key)
        with _told_plainly():
            # Authlib leaves the check of RFC 9207 to its user.
            if request.args.get("iss") != remote.load_server_metadata()["issuer"]:
                raise SignInError("issuer_mismatch", "The answer does not name the organization that was asked.")
            token = remote.authorize_access_token()
            if "userinfo" not in token:
                raise SignInError("id_token_missing", "The answer holds no ID token.")
            return _signed_in(client, remote, token, token["userinfo"])

    def refresh(self, old: SignedIn) -> SignedIn:
        """Trade the refresh token for new tokens. Raises SignInError."""
        remote = self._oauth.create_client(old.client.key)
        with _told_plainly():
            token = remote.fetch_access_token(grant_type="refresh_token", refresh_token=old.refresh_token)
            claims = remote.parse_id_token(token, nonce=None) or old.claims
            if claims["sub"] != old.claims["sub"]:
                raise SignInError("subject_mismatch", "The refreshed ID token is about somebody else.")
            new = _signed_in(old.client, remote, {"id_token": old.id_token, **token}, claims)
        return replace(new, refresh_token=new.refresh_token or old.refresh_token, refreshed=old.refreshed + 1)

    def told_of_logout(self, client: Client, logout_token: str) -> str:
        """The session that the organization says is over. Raises SignInError."""
        remote = self._oauth.create_client(client.key)
        with _told_plainly():
            keys = KeySet.import_key_set(remote.fetch_jwk_set())
            token = jwt.decode(logout_token, keys, algorithms=["RS256", "ES256"])
            return _check_logout(client, token.header, token.claims)

    def sign_out(self, signed_in: SignedIn) -> Response:
        """To the organization's end-session endpoint (OpenID Connect RP-Initiated Logout)."""
        remote = self._oauth.create_client(signed_in.client.key)
        with _told_plainly():
            return cast(
                Response,
                remote.logout_redirect(
                    post_logout_redirect_uri=url_for("signed_out", _external=True),
                    id_token_hint=signed_in.id_token,
                    client_id=signed_in.client.client_id,
                ),
            )


def _check_logout(client: Client, header: Mapping[str, Any], claims: Mapping[str, Any]) -> str:
    """OpenID Connect Back-Channel Logout 1.0, 2.6. The session that is over."""
    now, sid = SystemClock().now().timestamp(), claims.get("sid")
    is_logout = _LOGOUT in claims.get("events", {}) and "nonce" not in claims and header.get("typ") == "logout+jwt"
    is_for_us = claims.get("iss") == client.issuer and claims.get("aud") == client.client_id
    if not (is_logout and is_for_us and claims.get("exp", 0) > now and isinstance(sid, str)):
        raise SignInError("logout_token_invalid", "It is no word of this organization about one of our sessions.")
    return sid


def _signed_in(client: Client, remote: Any, token: Mapping[str, Any], claims: Mapping[str, Any]) -> SignedIn:
    userinfo = remote.userinfo(token=dict(token))
    if userinfo["sub"] != claims["sub"]:
        raise SignInError("subject_mismatch", "UserInfo and ID token are about different people.")
    return SignedIn(client, token["id_token"], dict(claims), dict(userinfo), token.get("refresh_token"))


@contextmanager
def _told_plainly() -> Iterator[None]:
    """Turn what Authlib, its HTTP client and the signature library raise into SignInError."""
    try:
        yield
    except OAuthError as fault:
        raise SignInError(fault.error, fault.description or "") from fault
    except JoseError as fault:
        raise SignInError("id_token_invalid", str(fault)) from fault
    except OSError as fault:
        raise SignInError("no_answer", str(fault)) from fault
    except ValueError as fault:
        raise SignInError("answer_invalid", str(fault)) from fault
