"""Our own verifier of ID tokens (OpenID Connect Core 1.0, 3.1.3.7). joserfc does the signature, nothing more.

Each check is a function that raises UpstreamFailure(UPSTREAM_RESPONSE_INVALID, <word>); the lists below are the order.
"""

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256, sha384, sha512
from typing import Any

from joserfc.errors import JoseError
from joserfc.jwk import Key
from joserfc.jws import JWSRegistry, deserialize_compact

from broker.upstream.signing_keys import KEY_OF_ALGORITHM
from broker.upstream.strict_json import read_object
from tenants.causes import Cause, UpstreamFailure

MAX_TOKEN = 65_536
MAX_HEADER = 4096
MAX_SIGNATURE = 2048
MAX_SUBJECT = 255
SKEW_SECONDS = 60
MAX_AGE_SECONDS = 600
TYPES = frozenset({"jwt", "application/jwt"})
FOREIGN_KEY_PARAMETERS = ("jwk", "jku", "x5u")
HASH_OF_ALGORITHM = {"RS384": sha384, "RS512": sha512, "EdDSA": sha512}

Claims = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Expected:
    """What the token has to agree with."""

    issuer: str
    client_id: str
    nonce: str = field(repr=False)
    now: datetime
    access_token: str | None = field(default=None, repr=False)
    oldest: datetime | None = None
    """Before when the person must not have been asked last; only where the request carried `max_age`."""


Check = Callable[[Claims, Expected], None]
KeyFinder = Callable[[str | None, str], Key]
"""(kid, algorithm) → key; raises UpstreamFailure when the provider publishes none such."""


def check_issuer(claims: Claims, expected: Expected) -> None:
    """3.1.3.7, 2."""
    _require(claims.get("iss") == expected.issuer, "iss")


def check_audience(claims: Claims, expected: Expected) -> None:
    """3.1.3.7, 3: us, and nobody else, since we trust no other audience."""
    audience = claims.get("aud")
    audiences = audience if isinstance(audience, list) else [audience]
    _require(bool(audiences) and all(one == expected.client_id for one in audiences), "aud")


def check_authorized_party(claims: Claims, expected: Expected) -> None:
    """3.1.3.7, 4 and 5."""
    _require(claims.get("azp", expected.client_id) == expected.client_id, "azp")


def check_expiry(claims: Claims, expected: Expected) -> None:
    """3.1.3.7, 9."""
    _require(expected.now.timestamp() < _seconds(claims, "exp") + SKEW_SECONDS, "exp")


def check_issued_at(claims: Claims, expected: Expected) -> None:
    """3.1.3.7, 10. The token comes straight from the token endpoint, so an old one is somebody's kept one."""
    age = expected.now.timestamp() - _seconds(claims, "iat")
    _require(-SKEW_SECONDS <= age <= MAX_AGE_SECONDS, "iat")


def check_not_before(claims: Claims, expected: Expected) -> None:
    """RFC 7519, 4.1.5."""
    if "nbf" in claims:
        _require(_seconds(claims, "nbf") <= expected.now.timestamp() + SKEW_SECONDS, "nbf")


def check_nonce(claims: Claims, expected: Expected) -> None:
    """3.1.3.7, 11."""
    nonce = claims.get("nonce")
    _require(isinstance(nonce, str) and bool(expected.nonce) and _equal(nonce, expected.nonce), "nonce")


def check_subject(claims: Claims, expected: Expected) -> None:
    """Core, 2: at most 255 characters. Invisible ones would make two subjects look alike."""
    subject = claims.get("sub")
    _require(
        isinstance(subject, str) and 0 < len(subject) <= MAX_SUBJECT and subject.isprintable() and bool(subject.strip()),
        "sub",
    )


def check_auth_time(claims: Claims, expected: Expected) -> None:
    """3.1.3.7, 13: who asked for `max_age` gets `auth_time`, and it holds."""
    if expected.oldest is not None:
        asked_at = _seconds(claims, "auth_time")
        _require(asked_at >= expected.oldest.timestamp() - SKEW_SECONDS, "auth_time")
        _require(asked_at <= expected.now.timestamp() + SKEW_SECONDS, "auth_time")


CLAIM_CHECKS: tuple[Check, ...] = (
    check_issuer,
    check_audience,
    check_authorized_party,
    check_expiry,
    check_issued_at,
    check_not_before,
    check_nonce,
    check_subject,
    check_auth_time,
)


def check_type(header: Claims) -> None:
    """RFC 8725, 3.11: an access token or a logout token says so here."""
    kind = header.get("typ", "JWT")
    _require(isinstance(kind, str) and kind.lower() in TYPES, "typ")


def check_algorithm(header: Claims) -> None:
    """RFC 8725, 3.1: our list, whatever the provider's metadata or the client's registration say."""
    algorithm = header.get("alg")
    _require(isinstance(algorithm, str) and algorithm in KEY_OF_ALGORITHM, "alg")


def check_no_extension(header: Claims) -> None:
    """RFC 7515, 4.1.11: we understand no critical extension."""
    _require("crit" not in header, "crit")


def check_no_foreign_key(header: Claims) -> None:
    """RFC 8725, 3.10: keys come from the provider's published set, never from the token."""
    _require(not any(name in header for name in FOREIGN_KEY_PARAMETERS), "header_key")


def check_key_id(header: Claims) -> None:
    """RFC 7515, 4.1.4."""
    _require(isinstance(header.get("kid"), str | None), "kid")


HeaderCheck = Callable[[Claims], None]
HEADER_CHECKS: tuple[HeaderCheck, ...] = (
    check_algorithm,
    check_no_extension,
    check_no_foreign_key,
    check_type,
    check_key_id,
)


def verify(
    token: str,
    expected: Expected,
    find_key: KeyFinder,
    checks: Sequence[Check] = CLAIM_CHECKS,
    header_checks: Sequence[HeaderCheck] = HEADER_CHECKS,
) -> Claims:
    """The claims of a token that passed every check. Raises UpstreamFailure; its detail names the check."""
    header = _header(token)
    for check_header in header_checks:
        check_header(header)
    claims = _signed_claims(token, find_key(header.get("kid"), header["alg"]))
    for check in checks:
        check(claims, expected)
    _check_access_token_hash(claims, expected, header["alg"])
    return claims


class _Registry(JWSRegistry):
    """Our algorithms, whatever the library recommends or warns of (it calls EdDSA by its older name)."""

    max_header_length = MAX_HEADER
    max_payload_length = MAX_TOKEN
    max_signature_length = MAX_SIGNATURE

    def get_alg(self, name: str) -> Any:
        _require(name in KEY_OF_ALGORITHM, "alg")
        return self.algorithms[name]


_REGISTRY = _Registry(algorithms=tuple(KEY_OF_ALGORITHM), strict_check_header=False)


def _header(token: str) -> Claims:
    _require(len(token) <= MAX_TOKEN, "size")
    segments = token.split(".")
    _require(len(segments) == 3 and all(part.isascii() for part in segments), "format")
    _require(len(segments[0]) <= MAX_HEADER, "size")
    try:
        return read_object(urlsafe_b64decode(segments[0] + "=" * (-len(segments[0]) % 4)))
    except ValueError:
        raise _refused("format") from None


def _signed_claims(token: str, key: Key) -> Claims:
    try:
        payload = deserialize_compact(token, key, registry=_REGISTRY).payload
    except (JoseError, ValueError, TypeError):
        raise _refused("signature") from None
    try:
        return read_object(payload)
    except ValueError:
        raise _refused("format") from None


def _check_access_token_hash(claims: Claims, expected: Expected, algorithm: str) -> None:
    """3.1.3.8, where the provider sends it."""
    if "at_hash" in claims and expected.access_token is not None:
        digest = HASH_OF_ALGORITHM.get(algorithm, sha256)(expected.access_token.encode()).digest()
        half = urlsafe_b64encode(digest[: len(digest) // 2]).rstrip(b"=").decode()
        _require(isinstance(claims["at_hash"], str) and _equal(claims["at_hash"], half), "at_hash")


def _seconds(claims: Claims, name: str) -> float:
    """A NumericDate. RFC 7519, 2 lets it have a fraction."""
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 2**53:
        raise _refused(name)
    return float(value)


def _equal(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode("utf-8", "surrogatepass"), other.encode("utf-8", "surrogatepass"))


def _require(holds: bool, word: str) -> None:
    if not holds:
        raise _refused(word)


def _refused(word: str) -> UpstreamFailure:
    return UpstreamFailure(Cause.UPSTREAM_RESPONSE_INVALID, word)
