"""An application as a tenant's snapshot has it: one immutable value."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from sqlalchemy import Row

from tenants.applications import GrantType, SubjectType
from tenants.audiences import Audience, with_parts
from tenants.claim_rules import ClaimRule
from tenants.saml_applications import SamlApplicationConfig


@dataclass(frozen=True, slots=True)
class ApplicationConfig:
    """One application: an OpenID Connect client, or a SAML service provider (`saml`)."""

    id: str
    key: str
    name: str
    launch_url: str | None
    is_enabled: bool
    client_id: str
    secret_hash: str | None
    client_auth: str
    redirect_uris: tuple[str, ...]
    post_logout_redirect_uris: tuple[str, ...]
    is_pkce_required: bool
    id_token_alg: str
    accepted_connections: tuple[str, ...]
    audience: Audience | None
    """For whom it is; None: everybody of the tenant."""
    is_factor_demanded: bool = False
    grant_types: tuple[str, ...] = (GrantType.CODE.value, GrantType.REFRESH.value)
    response_modes: tuple[str, ...] = ()
    scopes: tuple[str, ...] = ()
    claims: tuple[ClaimRule, ...] = ()
    jwks: Mapping[str, Any] | None = None
    jwks_uri: str | None = None
    userinfo_alg: str | None = None
    subject_type: str = SubjectType.PUBLIC.value
    sector: str | None = None
    is_third_party: bool = False
    is_par_required: bool = False
    backchannel_logout_uri: str | None = None
    is_logout_session_required: bool = True
    cors_origins: tuple[str, ...] = ()
    sign_in_minutes: int | None = None
    session_minutes: int | None = None
    access_token_minutes: int | None = None
    id_token_minutes: int | None = None
    offline_days: int | None = None
    icon_version: str | None = None
    """None: its tile has no picture."""
    saml: SamlApplicationConfig | None = None
    """Set: it is a SAML service provider, and what is OpenID Connect's alone means nothing."""


def application_config(row: Row[Any], parents: Mapping[str, str | None]) -> ApplicationConfig:
    """The row, with lists as tuples and nothing left out. `parents`: the tree of organizations, where a row names one."""
    return ApplicationConfig(
        id=row.id,
        key=row.key,
        name=row.name,
        launch_url=row.launch_url,
        is_enabled=row.is_enabled,
        client_id=row.client_id,
        secret_hash=row.secret_hash,
        client_auth=row.client_auth,
        redirect_uris=tuple(row.redirect_uris),
        post_logout_redirect_uris=tuple(row.post_logout_redirect_uris),
        is_pkce_required=row.is_pkce_required,
        id_token_alg=row.id_token_alg,
        accepted_connections=tuple(row.accepted_connections),
        audience=_audience(row, parents),
        is_factor_demanded=row.is_factor_demanded,
        grant_types=_words(row.grant_types) or (GrantType.CODE.value, GrantType.REFRESH.value),
        response_modes=_words(row.response_modes),
        scopes=_words(row.scopes),
        claims=tuple(ClaimRule.from_json(rule) for rule in row.claims or ()),
        jwks=MappingProxyType(dict(row.jwks)) if row.jwks else None,
        jwks_uri=row.jwks_uri,
        userinfo_alg=row.userinfo_alg,
        subject_type=row.subject_type,
        sector=row.sector,
        is_third_party=row.is_third_party,
        is_par_required=row.is_par_required,
        backchannel_logout_uri=row.backchannel_logout_uri,
        is_logout_session_required=row.is_logout_session_required,
        cors_origins=_words(row.cors_origins),
        sign_in_minutes=row.sign_in_minutes,
        session_minutes=row.session_minutes,
        access_token_minutes=row.access_token_minutes,
        id_token_minutes=row.id_token_minutes,
        offline_days=row.offline_days,
        icon_version=row.icon_version,
        saml=SamlApplicationConfig.from_json(row.entity_id, row.saml) if row.entity_id and row.saml else None,
    )


def _audience(row: Row[Any], parents: Mapping[str, str | None]) -> Audience | None:
    if not row.is_assigned_only:
        return None
    organizations = with_parts(frozenset(row.assigned_organizations or ()), parents)
    return Audience(row.id, frozenset(row.required_groups), organizations)


def _words(values: Iterable[str] | None) -> tuple[str, ...]:
    return tuple(values or ())
