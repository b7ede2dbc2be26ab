"""Ending sessions with an OpenID Provider: RP-Initiated Logout 1.0 there, Back-Channel Logout 1.0 from there."""

from collections.abc import Callable
from datetime import datetime, timedelta
from urllib.parse import urlencode

from joserfc.jwk import Key

from broker.ports import Ports
from broker.upstream.id_token import (
    MAX_AGE_SECONDS,
    SKEW_SECONDS,
    Claims,
    Expected,
    check_algorithm,
    check_audience,
    check_expiry,
    check_issued_at,
    check_issuer,
    check_key_id,
    check_no_extension,
    check_no_foreign_key,
    check_not_before,
    check_subject,
    verify,
)
from broker.upstream.kind import Once, Start, UpstreamSession
from broker.upstream.metadata import Provider, signing_key
from broker.upstream.sign_out import SignedOut, SignOut
from tenants.causes import Cause, UpstreamFailure

LOGOUT_EVENT = "http://schemas.openid.net/event/backchannel-logout"
MAX_LOGOUT_TOKEN = 16_384
MAX_HINT = 6000
"""Longer ID tokens are not kept: they would not fit into an address. The provider asks the person then."""
_MAX_NAME = 255
_TYPES = frozenset({"jwt", "application/jwt", "logout+jwt", "application/logout+jwt"})
"""`logout+jwt` is what section 2.4 recommends; many providers say nothing, which is why the claims decide."""


def session_of(claims: Claims, id_token: str, *, keeps_hint: bool) -> UpstreamSession:
    """What of a sign-in is remembered for its end."""
    sid = claims.get("sid")
    hint = {"id_token": id_token} if keeps_hint and len(id_token) <= MAX_HINT else {}
    return UpstreamSession(sid=sid if isinstance(sid, str) and sid else None, hint=hint)


def sign_out_there(provider: Provider, client_id: str, tx: SignOut) -> Start | None:
    """RP-Initiated Logout 1.0, 2."""
    if provider.end_session_endpoint is None:
        return None
    asked = {"client_id": client_id, "post_logout_redirect_uri": tx.return_url, "state": tx.state}
    if "id_token" in tx.hint:
        asked["id_token_hint"] = tx.hint["id_token"]
    joint = "&" if "?" in provider.end_session_endpoint else "?"
    return Start(f"{provider.end_session_endpoint}{joint}{urlencode(asked)}")


def read_logout_token(
    provider: Provider, client_id: str, connection: str, token: str, now: datetime, ports: Ports
) -> SignedOut:
    """Back-Channel Logout 1.0, 2.6. Raises UpstreamFailure; its detail names the check."""
    if len(token) > MAX_LOGOUT_TOKEN:
        raise _refused("size")

    def find_key(kid: str | None, algorithm: str) -> Key:
        return signing_key(provider, connection, kid, algorithm, ports)

    expected = Expected(issuer=provider.issuer, client_id=client_id, nonce="", now=now)
    claims = verify(token, expected, find_key, CHECKS, HEADER_CHECKS)
    until = now + timedelta(seconds=MAX_AGE_SECONDS + 2 * SKEW_SECONDS)
    once = Once(f"logout {claims['jti']}", until)
    return SignedOut(provider.issuer, claims.get("sub"), claims.get("sid"), once)


def check_type(header: Claims) -> None:
    """2.4."""
    kind = header.get("typ", "JWT")
    if not isinstance(kind, str) or kind.lower() not in _TYPES:
        raise _refused("typ")


HEADER_CHECKS = (check_algorithm, check_no_extension, check_no_foreign_key, check_type, check_key_id)


def check_expiry_if_any(claims: Claims, expected: Expected) -> None:
    """2.4 asks for `exp`; providers of the drafts don't send it. `iat` bounds a token's life in any case."""
    if "exp" in claims:
        check_expiry(claims, expected)


def check_token_id(claims: Claims, expected: Expected) -> None:
    """2.6, 8: what tells a replay."""
    _require_name(claims, "jti")


def check_whom(claims: Claims, expected: Expected) -> None:
    """2.6, 4: a person, a session or both."""
    if "sub" not in claims and "sid" not in claims:
        raise _refused("sub")
    if "sub" in claims:
        check_subject(claims, expected)
    if "sid" in claims:
        _require_name(claims, "sid")


def check_event(claims: Claims, expected: Expected) -> None:
    """2.6, 5: what makes it a logout token, and no ID token."""
    events = claims.get("events")
    if not isinstance(events, dict) or not isinstance(events.get(LOGOUT_EVENT), dict):
        raise _refused("events")


def check_no_nonce(claims: Claims, expected: Expected) -> None:
    """2.6, 6: an ID token has one."""
    if "nonce" in claims:
        raise _refused("nonce")


CHECKS: tuple[Callable[[Claims, Expected], None], ...] = (
    check_issuer,
    check_audience,
    check_issued_at,
    check_expiry_if_any,
    check_not_before,
    check_event,
    check_no_nonce,
    check_token_id,
    check_whom,
)


def _require_name(claims: Claims, name: str) -> None:
    value = claims.get(name)
    if not isinstance(value, str) or not 0 < len(value) <= _MAX_NAME or not value.isprintable():
        raise _refused(name)


def _refused(word: str) -> UpstreamFailure:
    return UpstreamFailure(Cause.UPSTREAM_RESPONSE_INVALID, word)
