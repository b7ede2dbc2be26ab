"""The authorization code flow as every OpenID Connect kind of ours runs it: PKCE, nonce and our own token checks.

A kind says with a `Registration` who we are at its provider, and which checks an ID token has to pass.
"""

import hmac
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeGuard
from urllib.parse import quote_plus, urlsplit

from authlib.oauth2.rfc6749.parameters import prepare_grant_uri
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from joserfc.jwk import Key

from broker.ports import HttpReply, Ports
from broker.upstream.client_assertion import CLIENT_ASSERTION_TYPE, make_client_assertion
from broker.upstream.id_token import CLAIM_CHECKS, Check, Claims, Expected, verify
from broker.upstream.kind import FlowContext, ReturnData, hearsay
from broker.upstream.metadata import Provider, signing_key
from broker.upstream.oauth_errors import read_error
from broker.upstream.strict_json import read_object
from tenants.causes import Cause, UpstreamFailure

MAX_REPLY = 256_000
MAX_TOKEN_TEXT = 65_536
ABOUT_US = frozenset(
    {"invalid_client", "unauthorized_client", "unsupported_grant_type", "server_error", "temporarily_unavailable"}
)
"""Errors of the token endpoint (RFC 6749, 5.2) that no code brings about, whoever has made it up."""
_STATUS_ABOUT_US = frozenset({401, 403, 404, 405, 407, 408, 429})

ErrorReader = Callable[[Mapping[str, Any]], UpstreamFailure | None]


@dataclass(frozen=True, slots=True)
class ClientSigner:
    """The key pair by which a provider knows us instead of a secret; `key_id` as that one calls it, if it does."""

    private_key_pem: str = field(repr=False)
    alg: str
    certificate_pem: str | None = None
    key_id: str | None = None


@dataclass(frozen=True, slots=True)
class Registration:
    """Who we are at a provider. `auth_method`: client_secret_basic, client_secret_post, or private_key_jwt by `signer`."""

    client_id: str
    client_secret: str = field(repr=False)
    auth_method: str
    scopes: tuple[str, ...]
    read_error: ErrorReader = read_error
    signer: ClientSigner | None = None


@dataclass(frozen=True, slots=True)
class Tokens:
    id_token: str = field(repr=False)
    access_token: str | None = field(repr=False)


def authorization_url(provider: Provider, us: Registration, tx: FlowContext, **more: str | None) -> str:
    """Core, 3.1.2.1, always with nonce and an S256 challenge (RFC 7636)."""
    url: str = prepare_grant_uri(
        provider.authorization_endpoint,
        us.client_id,
        "code",
        redirect_uri=tx.callback_url,
        scope=list(us.scopes),
        state=tx.state,
        nonce=tx.nonce,
        code_challenge=create_s256_code_challenge(tx.verifier),
        code_challenge_method="S256",
        login_hint=tx.login_hint,
        acr_values=tx.acr_values,
        **more,
    )
    return url


def check_state(provider: Provider, us: Registration, tx: FlowContext, data: ReturnData) -> None:
    """RFC 6749, 10.12. The caller has found the transaction by it; this holds if one day it has not."""
    state = data.args.get("state", "")
    if not hmac.compare_digest(state.encode("utf-8", "replace"), tx.state.encode()):
        raise hearsay(_invalid("state"))


def check_issuer_parameter(provider: Provider, us: Registration, tx: FlowContext, data: ReturnData) -> None:
    """RFC 9207, 2.4: against a code of one provider being taken to another."""
    issuer = data.args.get("iss")
    if (issuer is None and provider.sends_issuer) or (issuer is not None and issuer != provider.issuer):
        raise hearsay(_invalid("iss_param"))


def check_no_error(provider: Provider, us: Registration, tx: FlowContext, data: ReturnData) -> None:
    """RFC 6749, 4.1.2.1."""
    failure = us.read_error(data.args)
    if failure is not None:
        raise hearsay(failure)


def check_code(provider: Provider, us: Registration, tx: FlowContext, data: ReturnData) -> None:
    """RFC 6749, 4.1.2."""
    if not data.args.get("code"):
        raise hearsay(_invalid("code"))


RETURN_CHECKS = (check_state, check_issuer_parameter, check_no_error, check_code)
"""In this order, and all of them before the code is sent anywhere."""


def redeem(provider: Provider, us: Registration, tx: FlowContext, data: ReturnData, ports: Ports) -> Tokens:
    """Takes the code to the token endpoint (Core, 3.1.3). Raises UpstreamFailure."""
    for check in RETURN_CHECKS:
        check(provider, us, tx, data)
    form = {
        "grant_type": "authorization_code",
        "code": data.args["code"],
        "redirect_uri": tx.callback_url,
        "code_verifier": tx.verifier,
    }
    return _tokens(token_request(provider, us, form, ports), us)


def identify(
    provider: Provider,
    us: Registration,
    tx: FlowContext,
    data: ReturnData,
    ports: Ports,
    *,
    checks: Sequence[Check] = CLAIM_CHECKS,
    oldest: datetime | None = None,
) -> tuple[Claims, Tokens]:
    """The whole way back: the code is redeemed, and the ID token passes `checks`. Raises UpstreamFailure."""
    tokens = redeem(provider, us, tx, data, ports)
    expected = Expected(
        issuer=provider.issuer,
        client_id=us.client_id,
        nonce=tx.nonce,
        now=tx.now,
        access_token=tokens.access_token,
        oldest=oldest,
    )

    def find_key(kid: str | None, algorithm: str) -> Key:
        return signing_key(provider, tx.connection, kid, algorithm, ports)

    return verify(tokens.id_token, expected, find_key, checks), tokens


def token_request(provider: Provider, us: Registration, form: Mapping[str, str], ports: Ports) -> HttpReply:
    """Core, 9: with the secret in the Authorization header or in the form, or with a signed word instead of one."""
    headers = {"Accept": "application/json"}
    if us.auth_method == "client_secret_basic":
        # RFC 6749, 2.3.1: both halves are form-encoded first, so that a colon in one can't move the border.
        auth = (quote_plus(us.client_id), quote_plus(us.client_secret))
        return ports.http.request("POST", provider.token_endpoint, headers=headers, form=form, auth=auth, max_bytes=MAX_REPLY)
    whole = {**form, **_who_we_are(provider, us, ports)}
    return ports.http.request("POST", provider.token_endpoint, headers=headers, form=whole, max_bytes=MAX_REPLY)


def _who_we_are(provider: Provider, us: Registration, ports: Ports) -> dict[str, str]:
    if us.signer is None:
        return {"client_id": us.client_id, "client_secret": us.client_secret}
    assertion = make_client_assertion(
        client_id=us.client_id,
        audience=provider.token_endpoint,
        private_key_pem=us.signer.private_key_pem,
        certificate_pem=us.signer.certificate_pem,
        alg=us.signer.alg,
        now=ports.clock.now(),
        jti=ports.randomness.token_urlsafe(16),
        kid=us.signer.key_id,
    )
    return {"client_id": us.client_id, "client_assertion_type": CLIENT_ASSERTION_TYPE, "client_assertion": assertion}


def userinfo(provider: Provider, tokens: Tokens, subject: str, ports: Ports) -> Claims:
    """Core, 5.3. Its `sub` has to be the ID token's (5.3.2), or it speaks about somebody else."""
    if provider.userinfo_endpoint is None or tokens.access_token is None:
        raise UpstreamFailure(Cause.CONNECTION_MISCONFIGURED, "userinfo_missing")
    headers = {"Authorization": f"Bearer {tokens.access_token}", "Accept": "application/json"}
    reply = ports.http.request("GET", provider.userinfo_endpoint, headers=headers, max_bytes=MAX_REPLY)
    if reply.status != 200:
        raise _bad_status("userinfo_status", reply)
    claims = _object(reply, "userinfo_json")
    if claims.get("sub") != subject:
        raise _invalid("userinfo_sub")
    return claims


def origin_of(url: str) -> str:
    """The origin as `form-action` names it."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _tokens(reply: HttpReply, us: Registration) -> Tokens:
    if reply.status != 200:
        raise _token_failure(reply, us)
    answer = _object(reply, "token_json")
    id_token, access_token = answer.get("id_token"), answer.get("access_token")
    if not _is_token(id_token):
        raise _invalid("id_token_missing")
    return Tokens(id_token, access_token if _is_token(access_token) else None)


def _token_failure(reply: HttpReply, us: Registration) -> UpstreamFailure:
    """RFC 6749, 5.2, where the provider keeps to it; else by the status.

    A code that was made up is refused as well: what may be its fault says nothing of the connection.
    """
    try:
        failure = us.read_error(read_object(reply.body)) if 400 <= reply.status < 500 else None
    except ValueError:
        failure = None
    if failure is not None:
        return failure if failure.facts.get("upstream_error") in ABOUT_US else hearsay(failure)
    failure = _bad_status("token_status", reply)
    is_about_code = 400 <= reply.status < 500 and reply.status not in _STATUS_ABOUT_US
    return hearsay(failure) if is_about_code else failure


def _is_token(value: object) -> TypeGuard[str]:
    """Also what may go into a header: visible ASCII (RFC 6750, 2.1)."""
    return (
        isinstance(value, str)
        and 0 < len(value) <= MAX_TOKEN_TEXT
        and value.isascii()
        and value.isprintable()
        and " " not in value
    )


def _object(reply: HttpReply, detail: str) -> dict[str, Any]:
    try:
        return read_object(reply.body)
    except ValueError:
        raise _invalid(detail) from None


def _bad_status(detail: str, reply: HttpReply) -> UpstreamFailure:
    down = reply.status >= 500 or reply.status == 429
    cause = Cause.UPSTREAM_UNREACHABLE if down else Cause.UPSTREAM_RESPONSE_INVALID
    return UpstreamFailure(cause, detail, status=reply.status)


def _invalid(detail: str) -> UpstreamFailure:
    return UpstreamFailure(Cause.UPSTREAM_RESPONSE_INVALID, detail)
