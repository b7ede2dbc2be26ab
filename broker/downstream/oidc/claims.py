"""What tokens and UserInfo say about a person (OpenID Connect Core 1.0, 2 and 5.1)."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from flask import g
from sqlalchemy import Row

from broker.session import Proof
from broker.tenancy import tenant_url
from tenants.claim_rules import RESERVED, Source
from tenants.ids import new_secret
from tenants.snapshot import ApplicationConfig
from tenants.subjects import subject_of

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
    person: Row[Any],
    application: ApplicationConfig,
    now: datetime,
    *,
    nonce: str | None,
    at_hash: str,
    scope: Collection[str] = (),
    groups: Sequence[str] = (),
) -> dict[str, Any]:
    """Claims about the sign-in; those about the person are UserInfo's (Core, 5.4: with an access token they stand there),
    except where the application is set up or asks by name to have them here.

    `person` is a row of PERSON_OF_GRANT. `acr` is there only where a class was asked for and reached.
    """
    wanted = (person.claims or {}).get("id_token", ())
    told = told_by_rules(person, application, scope, groups, wanted, in_id_token=True)
    told |= {name: value for name, value in known_claims(person, groups).items() if name in wanted and value != ""}
    life = timedelta(minutes=application.id_token_minutes) if application.id_token_minutes else ID_TOKEN_LIFE
    claims = without_reserved(told) | _about_token(application.client_id, now, life)
    claims |= {
        "sub": subject_of(g.tenant.pairwise_salt, application, person.account_id),
        "auth_time": int(person.auth_time.timestamp()),
        "sid": person.session_id,
        "at_hash": at_hash,
    }
    if nonce is not None:
        claims["nonce"] = nonce
    if person.acr is not None:
        claims["acr"] = person.acr
    if methods := authentication_methods(Proof.from_json(value) for value in person.proofs):
        claims["amr"] = methods
    return claims


def access_token_claims(
    person: Row[Any], application: ApplicationConfig, now: datetime, scope: Iterable[str]
) -> dict[str, Any]:
    """RFC 9068, 2.2. For UserInfo only; `gid` names the grant, which is asked again at each use."""
    return _about_token(userinfo_address(), now, access_token_life(application)) | {
        "sub": subject_of(g.tenant.pairwise_salt, application, person.account_id),
        "client_id": application.client_id,
        "scope": " ".join(scope),
        "sid": person.session_id,
        "gid": person.grant_id,
    }


def client_token_claims(application: ApplicationConfig, now: datetime, scope: Iterable[str]) -> dict[str, Any]:
    """RFC 9068, 2.2 and 3, for a client without a person: it is its own subject, and UserInfo is not among the places."""
    return _about_token(g.tenant.issuer, now, access_token_life(application)) | {
        "sub": application.client_id,
        "client_id": application.client_id,
        "scope": " ".join(scope),
    }


def access_token_life(application: ApplicationConfig) -> timedelta:
    """How long its access tokens are good."""
    minutes = application.access_token_minutes
    return timedelta(minutes=minutes) if minutes else ACCESS_TOKEN_LIFE


def userinfo_claims(
    person: Row[Any], application: ApplicationConfig, scope: Collection[str], groups: Sequence[str]
) -> dict[str, Any]:
    """What the scope and the request allow to be told, without what is not known (Core, 5.3.2)."""
    known, asked = known_claims(person, groups), (person.claims or {}).get("userinfo", ())
    names = (*(name for word in scope for name in CLAIMS_OF_SCOPE.get(word, ())), *asked)
    told = {name: known[name] for name in names if known.get(name, "") != ""}
    told |= told_by_rules(person, application, scope, groups, asked)
    return {"sub": subject_of(g.tenant.pairwise_salt, application, person.account_id)} | without_reserved(told)


def known_claims(person: Row[Any], groups: Sequence[str]) -> dict[str, Any]:
    """Everything that the usual scopes can tell of a person."""
    return {
        "name": person.name,
        "given_name": person.given_name,
        "family_name": person.family_name,
        "tenant": g.tenant.slug,
        "organization": person.organization_key,
        "email": person.email,
        "email_verified": person.is_email_verified,
        "groups": list(groups),
    }


def told_by_rules(
    person: Row[Any],
    application: ApplicationConfig,
    scope: Collection[str],
    groups: Sequence[str],
    asked: Collection[str],
    *,
    in_id_token: bool = False,
) -> dict[str, Any]:
    """What the application's own rules tell: those of a granted scope, and those that were asked for by name."""
    sources: dict[str, Any] = known_claims(person, groups) | {
        "account_id": person.account_id,
        "email_local_part": person.email.partition("@")[0],
        "organization_name": person.organization_name,
        "tenant_name": g.tenant.name,
        "role": person.role or "",
    }
    told = {}
    for rule in application.claims:
        is_told = (rule.scope in scope and (rule.is_in_id_token or not in_id_token)) or rule.name in asked
        value = rule.value if rule.source is None else sources.get(rule.source, "")
        if is_told and value not in ("", None):
            told[rule.name] = value
    return told


def needs_groups(person: Row[Any], application: ApplicationConfig, scope: Collection[str], place: str) -> bool:
    """Do the claims of this place (`userinfo`, `id_token`) have to look for the person's groups?"""
    asked = (person.claims or {}).get(place, ())
    by_scope = place == "userinfo" and "groups" in scope
    by_rule = any(
        rule.source == Source.GROUPS.value
        and ((rule.scope in scope and (rule.is_in_id_token or place == "userinfo")) or rule.name in asked)
        for rule in application.claims
    )
    return by_scope or by_rule or "groups" in asked


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
