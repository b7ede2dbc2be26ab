"""A provider's discovery document and keys: fetched through the guarded port, checked, and kept for a time.

A document is kept by its URL: it is public and the same for everybody. Keys are kept by connection and URL, so that a
token with an unknown key spends the refetch of its own connection only.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from joserfc.jwk import Key

from broker.kept import FAILURE_PAUSE
from broker.ports import Http, HttpReply, Ports
from broker.upstream.signing_keys import SigningKeys
from broker.upstream.strict_json import read_object
from tenants.causes import Cause, UpstreamFailure

DOCUMENT_TTL = timedelta(hours=1)
DOCUMENT_GRACE = timedelta(hours=24)
KEYS_TTL = timedelta(hours=1)
KEYS_GRACE = timedelta(hours=1)
"""A key that the provider withdraws is trusted for KEYS_TTL at most; for KEYS_GRACE more if it can't be reached."""
KEYS_REFETCH = timedelta(minutes=1)
"""An unknown key leads to one new look in this time, whether it succeeds or not."""
MAX_DOCUMENT = 256_000
MANY = "{tenantid}"
"""Stands in the issuer of an authority that signs for many directories, in the place of each one's id."""
ANNOUNCED = (
    "acr_values",
    "claims",
    "id_token_signing_alg_values",
    "response_modes",
    "response_types",
    "scopes",
    "token_endpoint_auth_signing_alg_values",
)


@dataclass(frozen=True, slots=True)
class Provider:
    """What we use of a discovery document (OpenID Connect Discovery 1.0, section 3)."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str | None
    sends_issuer: bool
    """Announces the `iss` parameter of authorization responses (RFC 9207)."""
    token_auth_methods: tuple[str, ...]
    challenge_methods: tuple[str, ...]
    announced: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Its further lists, by the name of what is `_supported`; one that it does not have is absent."""
    end_session_endpoint: str | None = None
    """Where a person is signed out there as well (RP-Initiated Logout 1.0, 2.1)."""


def provider_of(issuer: str, ports: Ports, *, pause: timedelta = FAILURE_PAUSE, named: str | None = None) -> Provider:
    """The kept description of `issuer`. Raises UpstreamFailure, as `fetch_provider` does; asks again after `pause`."""
    return ports.kept.get(
        ("discovery", issuer, named or issuer),
        lambda: fetch_provider(issuer, ports.http, named),
        ttl=DOCUMENT_TTL,
        grace=DOCUMENT_GRACE,
        pause=pause,
    )


def signing_key(provider: Provider, connection: str, kid: str | None, algorithm: str, ports: Ports) -> Key:
    """The key that a token of this connection names. Raises UpstreamFailure with detail `kid` when there is none."""
    place = ("jwks", connection, provider.jwks_uri)

    def fetch() -> SigningKeys:
        return fetch_keys(provider.jwks_uri, ports.http, provider.issuer)

    keys = ports.kept.get(place, fetch, ttl=KEYS_TTL, grace=KEYS_GRACE)
    key = keys.find(kid, algorithm)
    if key is None:
        keys = ports.kept.get(place, fetch, ttl=KEYS_REFETCH, pause=KEYS_REFETCH)
        key = keys.find(kid, algorithm)
    if key is None:
        raise UpstreamFailure(Cause.UPSTREAM_RESPONSE_INVALID, "kid")
    return key


def fetch_provider(issuer: str, http: Http, named: str | None = None) -> Provider:
    """Asks the provider now. `named`: how it calls itself, where that is known to be another name than `issuer`.

    Raises UpstreamFailure: UPSTREAM_UNREACHABLE, CONNECTION_MISCONFIGURED (there is no such provider, or it names
    itself otherwise) or UPSTREAM_RESPONSE_INVALID.
    """
    reply = http.request("GET", issuer.rstrip("/") + "/.well-known/openid-configuration", max_bytes=MAX_DOCUMENT)
    _require_answer(reply, "discovery_status")
    document = _object(reply, "discovery_json")
    # Discovery 4.3: identical, or the document is about somebody else.
    issuer = named or issuer
    if document.get("issuer") != issuer:
        raise UpstreamFailure(Cause.CONNECTION_MISCONFIGURED, "discovery_issuer")
    return Provider(
        issuer=issuer,
        authorization_endpoint=_endpoint(document, "authorization_endpoint", http),
        token_endpoint=_endpoint(document, "token_endpoint", http),
        jwks_uri=_endpoint(document, "jwks_uri", http),
        userinfo_endpoint=_endpoint(document, "userinfo_endpoint", http) if "userinfo_endpoint" in document else None,
        sends_issuer=document.get("authorization_response_iss_parameter_supported") is True,
        token_auth_methods=_words(document, "token_endpoint_auth_methods_supported") or ("client_secret_basic",),
        challenge_methods=_words(document, "code_challenge_methods_supported"),
        announced={name: words for name in ANNOUNCED if (words := _words(document, f"{name}_supported"))},
        end_session_endpoint=_end_session_endpoint(document, http),
    )


def fetch_keys(jwks_uri: str, http: Http, issuer: str = "") -> SigningKeys:
    """Asks for the keys now. Raises UpstreamFailure.

    Where `issuer` stands for many (`{tenantid}`), a key that names the one it is for is not for the others.
    """
    reply = http.request("GET", jwks_uri, max_bytes=MAX_DOCUMENT)
    _require_answer(reply, "jwks_status")
    try:
        return SigningKeys(_object(reply, "jwks_json"), of_all=issuer if MANY in issuer else None)
    except ValueError:
        raise UpstreamFailure(Cause.UPSTREAM_RESPONSE_INVALID, "jwks_json") from None


def _require_answer(reply: HttpReply, detail: str) -> None:
    if reply.status >= 500 or reply.status == 429:
        raise UpstreamFailure(Cause.UPSTREAM_UNREACHABLE, detail, status=reply.status)
    if reply.status != 200:
        raise UpstreamFailure(Cause.CONNECTION_MISCONFIGURED, detail, status=reply.status)


def _object(reply: HttpReply, detail: str) -> dict[str, Any]:
    try:
        return read_object(reply.body)
    except ValueError:
        raise UpstreamFailure(Cause.UPSTREAM_RESPONSE_INVALID, detail) from None


def _end_session_endpoint(document: dict[str, Any], http: Http) -> str | None:
    """Nobody signs in by it: one that can't be used is as good as none."""
    url = document.get("end_session_endpoint")
    return url if isinstance(url, str) and http.is_safe_url(url) else None


def _endpoint(document: dict[str, Any], name: str, http: Http) -> str:
    url = document.get(name)
    if not isinstance(url, str) or not http.is_safe_url(url):
        raise UpstreamFailure(Cause.UPSTREAM_RESPONSE_INVALID, "discovery_endpoint", endpoint=name)
    return url


def _words(document: dict[str, Any], name: str) -> tuple[str, ...]:
    value = document.get(name)
    return tuple(word for word in value if isinstance(word, str)) if isinstance(value, list) else ()
