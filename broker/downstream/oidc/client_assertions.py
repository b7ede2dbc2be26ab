"""`private_key_jwt`: a client proves itself by a short token that it signed for us (RFC 7523; Core, 9).

Its keys are registered, or fetched from where it registered them, through the guarded port. Algorithm and key are chosen
by what is registered, from a fixed list. Each assertion is good once: its `jti` is taken in a transaction of its own.
"""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from flask import g
from joserfc.errors import JoseError, UnsupportedAlgorithmError
from joserfc.jwk import ECKey, JWKRegistry, Key, RSAKey
from joserfc.jws import JWSRegistry, deserialize_compact, extract_compact

from broker.tenancy import tenant_url
from broker.wiring import the_broker
from tenants.causes import Cause, UpstreamFailure
from tenants.public_keys import MOST_KEYS, check_public_key
from tenants.snapshot import ApplicationConfig
from tenants.used_tokens import USE_TOKEN, used_token_id

TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
ALGORITHMS = ("RS256", "PS256", "ES256", "EdDSA")
LONGEST_LIFE = timedelta(minutes=10)
"""So long we would have to remember it at most."""
SKEW = timedelta(seconds=60)
_KEYS_FRESH, _KEYS_GRACE, _KEYS_AGAIN = timedelta(minutes=10), timedelta(hours=24), timedelta(minutes=1)
_LONGEST = 8192
_LARGEST_SET = 64_000
_PLACES = ("token", "par", "introspect", "revoke")
_FAMILY = {"RS256": "RSA", "PS256": "RSA", "ES256": "EC", "EdDSA": "OKP"}


class _Registry(JWSRegistry):
    """Our algorithms, whatever the library warns of (it calls EdDSA by its older name)."""

    def get_alg(self, name: str) -> Any:
        if name not in ALGORITHMS:
            raise UnsupportedAlgorithmError(name)
        return self.algorithms[name]


_REGISTRY = _Registry(algorithms=ALGORITHMS, strict_check_header=False)


class AssertionFault(ValueError):
    """Why it is not believed; in words that RFC 6749 allows."""


def client_of(assertion: str) -> str:
    """Whom it says that it is of; nothing of it is proven yet. Empty where it can't be read."""
    try:
        subject = json.loads(extract_compact(assertion.encode("ascii")).payload).get("sub")
    except (JoseError, ValueError, TypeError, AttributeError, RecursionError):
        return ""
    return subject if isinstance(subject, str) else ""


def check_assertion(assertion: str, application: ApplicationConfig) -> None:
    """Raises AssertionFault unless this client signed it, for us, now, and it is shown for the first time."""
    claims = _signed_claims(assertion, application)
    now = the_broker().ports.clock.now()
    ends_at = _check_claims(claims, application, now)
    token_id = used_token_id("assertion", application.id, claims["jti"])
    with g.db.writing() as db:
        is_first = db.run(USE_TOKEN, token_id=token_id, application=application.id, until=ends_at + SKEW) == 1
    if not is_first:
        raise AssertionFault("the client assertion was used before")


def _signed_claims(assertion: str, application: ApplicationConfig) -> dict[str, Any]:
    if len(assertion) > _LONGEST or not assertion.isascii():
        raise AssertionFault("the client assertion cannot be read")
    try:
        header = extract_compact(assertion.encode()).headers()
        algorithm, kid = header.get("alg"), header.get("kid")
        key = _key_for(application, algorithm, kid) if algorithm in ALGORITHMS else None
        if key is None:
            raise AssertionFault("no registered key fits the client assertion")
        claims = json.loads(deserialize_compact(assertion, key, registry=_REGISTRY).payload)
    except AssertionFault:
        raise
    except (JoseError, ValueError, TypeError, AttributeError, RecursionError):
        raise AssertionFault("the client assertion is not signed by a registered key") from None
    if not isinstance(claims, dict):
        raise AssertionFault("the client assertion holds no claims")
    return claims


def _check_claims(claims: Mapping[str, Any], application: ApplicationConfig, now: datetime) -> datetime:
    """Core, 9; RFC 7523, 3. Returns when it ends."""
    if claims.get("iss") != application.client_id or claims.get("sub") != application.client_id:
        raise AssertionFault("iss and sub of the client assertion have to be the client_id")
    audience = claims.get("aud")
    named = audience if isinstance(audience, list) else [audience]
    if not any(place in named for place in (g.tenant.issuer, *(tenant_url(f"/oidc/{name}") for name in _PLACES))):
        raise AssertionFault("the client assertion is for another place")
    ends, begins, made = (_time(claims, name) for name in ("exp", "nbf", "iat"))
    if ends is None or ends <= now - SKEW or ends > now + LONGEST_LIFE + SKEW:
        raise AssertionFault("the client assertion has expired, or lasts too long")
    if any(moment is not None and moment > now + SKEW for moment in (begins, made)):
        raise AssertionFault("the client assertion is from the future")
    jti = claims.get("jti")
    if not isinstance(jti, str) or not 1 <= len(jti) <= 500:
        raise AssertionFault("the client assertion has no jti")
    return ends


def _time(claims: Mapping[str, Any], name: str) -> datetime | None:
    value = claims.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 2**40:
        raise AssertionFault(f"{name} of the client assertion is no time")
    now = the_broker().ports.clock.now()
    return now + timedelta(seconds=value - now.timestamp())


def _key_for(application: ApplicationConfig, algorithm: str, kid: object) -> Key | None:
    """The one key that fits; without a `kid` only where there is no choice. One that is unknown is fetched, once a minute."""
    found = _fitting(_keys(application, _KEYS_FRESH), algorithm, kid)
    if found is None and application.jwks_uri is not None:
        found = _fitting(_keys(application, _KEYS_AGAIN), algorithm, kid)
    return found


def _fitting(keys: list[tuple[Mapping[str, Any], Key]], algorithm: str, kid: object) -> Key | None:
    fitting = [
        key
        for jwk, key in keys
        if jwk["kty"] == _FAMILY[algorithm] and jwk.get("alg") in (None, algorithm) and kid in (None, jwk.get("kid"))
    ]
    return fitting[0] if len(fitting) == 1 else None


def _keys(application: ApplicationConfig, fresh: timedelta) -> list[tuple[Mapping[str, Any], Key]]:
    if application.jwks_uri is None:
        tenant = g.tenant
        return the_broker().snapshots.keep(tenant, f"oidc.keys.{application.id}", lambda: _parsed(application.jwks))
    url, name = application.jwks_uri, ("client keys", g.tenant.id, application.jwks_uri)
    try:
        return the_broker().ports.kept.get(name, lambda: _fetched(url), ttl=fresh, grace=_KEYS_GRACE)
    except UpstreamFailure:
        raise AssertionFault("the keys of the client cannot be fetched") from None


def _fetched(url: str) -> list[tuple[Mapping[str, Any], Key]]:
    reply = the_broker().ports.http.request("GET", url, max_bytes=_LARGEST_SET)
    try:
        if reply.status != 200:
            raise ValueError("status")
        return _parsed(json.loads(reply.body))
    except (ValueError, RecursionError) as error:
        raise UpstreamFailure(Cause.UPSTREAM_UNREACHABLE, "no JWK set") from error


def _parsed(key_set: object) -> list[tuple[Mapping[str, Any], Key]]:
    """Those that can be used; others are passed over (RFC 7517, 5). Raises ValueError for what is no JWK set."""
    members = key_set.get("keys") if isinstance(key_set, Mapping) else None
    if not isinstance(members, list):
        raise ValueError("no list of keys")
    found: list[tuple[Mapping[str, Any], Key]] = []
    for jwk in members[:MOST_KEYS]:
        try:
            check_public_key(jwk)
            if jwk.get("use", "sig") == "sig":
                public = {name: jwk[name] for name in ("kty", "n", "e", "crv", "x", "y") if name in jwk}
                found.append((jwk, _imported(public)))
        except (ValueError, JoseError):
            continue
    return found


def _imported(public: dict[str, Any]) -> Key:
    if public["kty"] == "RSA":
        return RSAKey.import_key(public)
    return ECKey.import_key(public) if public["kty"] == "EC" else JWKRegistry.import_key(public)
