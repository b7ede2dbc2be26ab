"""What tokens and UserInfo say about a person (OpenID Connect Core 1.0, 2 and 5.1)."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from flask import g
from sqlalchemy import Row

from broker.session import Proof
from broker.tenancy import tenant_url
from tenants.claim_rules import RESERVED
from tenants.ids import new_secret
from tenants.snapshot import ApplicationConfig

ID_TOKEN_LIFE = timedelta(hours=1)
ACCESS_TOKEN_LIFE = timedelta(minutes=10)

CLAIMS_OF_SCOPE: Mapping[str, tuple[str, ...]] = {
    "profile": ("name", "given_name", "family_name", "tenant", "organization"),
    "email": ("email", "email_verified"),
    "groups": ("groups",),
}
_KNOWN_METHODS = frozenset(
    {"face", "fpt", "geo", "hwk", "iris", "kba", "mca", "mfa", "otp", "pin", "pop", "pwd"}
    | {"rba", "retina", "sc", "sms", "swk", "tel", "user", "vbm", "wia"}
)
"""RFC 8176, 2."""
_METHODS_OF_PROOF: Mapping[str, tuple[str, ...]] = {"hwk": ("hwk", "user"), "rec": ("otp",), "mail": ("otp",)}
"""Where what is told of a proof has another name than the proof; of a trusted device nothing is told."""


def id_token_claims(
    person: Row[Any], application: ApplicationConfig, now: datetime, *, nonce: str | None, at_hash: str
) -> dict[str, Any]:
    """Claims about the sign-in; those about the person are UserInfo's (Core, 5.4: with an access token they stand there).

    `person` is a row of PERSON_OF_GRANT. There is no `acr`: nothing here can vouch for a class of another's making.
    """
    claims = _about_token(application.client_id, now, ID_TOKEN_LIFE) | {
        "sub": person.account_id,
        "auth_time": int(person.auth_time.timestamp()),
        "sid": person.session_id,
        "at_hash": at_hash,
    }
    if nonce is not None:
        claims["nonce"] = nonce
    if methods := authentication_methods(Proof.from_json(value) for value in person.proofs):
        claims["amr"] = methods
    return claims


def access_token_claims(
    person: Row[Any], application: ApplicationConfig, now: datetime, scope: Iterable[str]
) -> dict[str, Any]:
    """RFC 9068, 2.2. For UserInfo only; `gid` names the grant, which is asked again at each use."""
    return _about_token(userinfo_address(), now, ACCESS_TOKEN_LIFE) | {
        "sub": person.account_id,
        "client_id": application.client_id,
        "scope": " ".join(scope),
        "sid": person.session_id,
        "gid": person.grant_id,
    }


def userinfo_claims(person: Row[Any], scope: Collection[str], groups: list[str]) -> dict[str, Any]:
    """What the scope allows to be told, without what is not known (Core, 5.3.2)."""
    known: dict[str, Any] = {
        "name": person.name,
        "given_name": person.given_name,
        "family_name": person.family_name,
        "tenant": g.tenant.slug,
        "organization": person.organization_key,
        "email": person.email,
        "email_verified": person.is_email_verified,
        "groups": groups,
    }
    told = {name: known[name] for word in scope for name in CLAIMS_OF_SCOPE.get(word, ()) if known[name] != ""}
    return {"sub": person.account_id} | without_reserved(told)


def authentication_methods(proofs: Iterable[Proof]) -> list[str]:
    """`amr` (RFC 8176): what was proven here, and what an identity provider says that it asked for, in that order."""
    methods: dict[str, None] = {}
    proven = list(proofs)
    for proof in proven:
        for method in (*_METHODS_OF_PROOF.get(proof.method, (proof.method,)), *proof.amr):
            if method in _KNOWN_METHODS:
                methods[method] = None
    if _are_two_factors(proven, methods):
        methods["mfa"] = None
    return list(methods)


def _are_two_factors(proofs: Collection[Proof], methods: Collection[str]) -> bool:
    """A passkey is two by itself: the device, and what it knows its owner by. A mailed code is none (SF-05)."""
    shown = {proof.method for proof in proofs}
    codes = shown & {"otp", "rec"} or {"otp"} & {method for proof in proofs for method in proof.amr}
    return "hwk" in shown or ("pwd" in methods and bool(codes))


def without_reserved(claims: Mapping[str, Any]) -> dict[str, Any]:
    """The claims that may be told about a person: none by which a token is judged."""
    return {name: value for name, value in claims.items() if name not in RESERVED}


def userinfo_address() -> str:
    """Where access tokens are good, and so their audience."""
    return tenant_url("/oidc/userinfo")


def _about_token(audience: str, now: datetime, life: timedelta) -> dict[str, Any]:
    issued_at = int(now.timestamp())
    return {
        "iss": g.tenant.issuer,
        "aud": audience,
        "iat": issued_at,
        "exp": issued_at + int(life.total_seconds()),
        "jti": new_secret(),
    }
