"""An application between its row and its typed form, both ways: what a file and a page of the console have in common.

Secrets, organizations and who manages it stand apart: they are no values of the form itself.
"""

from collections.abc import Mapping
from typing import Any

from tenants.applications import Application, ClientAuth
from tenants.claim_rules import ClaimRule
from tenants.manifest.application_specs import ApplicationSpec
from tenants.manifest.saml_specs import SamlApplicationSpec
from tenants.saml_applications import SamlApplicationConfig

KEPT_SECRET = {"env": "KEPT"}
"""Stands in the form for a secret that the row has: only its hash is stored."""


def oidc_columns(spec: ApplicationSpec) -> dict[str, Any]:
    """What the row has to hold. None for what stands as it is for most: rows from before these fields have it so."""
    fields = type(spec).model_fields
    usual = {name: fields[name].default for name in ("grant_types", "access_token_minutes", "id_token_minutes", "offline_days")}
    kept = {name: None if getattr(spec, name) == value else getattr(spec, name) for name, value in usual.items()}
    return _common(spec) | {
        "client_auth": spec.client_auth.value,
        "redirect_uris": list(spec.redirect_uris),
        "post_logout_redirect_uris": list(spec.post_logout_redirect_uris),
        "is_pkce_required": spec.require_pkce,
        "id_token_alg": spec.id_token_alg,
        "grant_types": list(spec.grant_types) if kept["grant_types"] else None,
        "response_modes": list(spec.response_modes) or None,
        "scopes": list(spec.scopes) or None,
        "claims": spec.stored_claims or None,
        "jwks": spec.jwks,
        "jwks_uri": spec.jwks_uri,
        "userinfo_alg": spec.userinfo_alg,
        "subject_type": spec.subject,
        "sector": spec.sector,
        "is_third_party": spec.third_party,
        "is_par_required": spec.require_par,
        "backchannel_logout_uri": spec.backchannel_logout_uri,
        "is_logout_session_required": spec.backchannel_logout_session_required,
        "cors_origins": list(spec.cors_origins) or None,
        "session_minutes": spec.session_minutes,
        "access_token_minutes": kept["access_token_minutes"],
        "id_token_minutes": kept["id_token_minutes"],
        "offline_days": kept["offline_days"],
    }


def saml_columns(spec: SamlApplicationSpec) -> dict[str, Any]:
    """What the row of a service provider has to hold."""
    return _common(spec) | {"entity_id": spec.entity_id, "saml": spec.config.as_json()}


def _common(spec: ApplicationSpec | SamlApplicationSpec) -> dict[str, Any]:
    return {
        "name": spec.name,
        "launch_url": spec.launch_url,
        "is_enabled": spec.enabled,
        "accepted_connections": list(spec.connections),
        "is_assigned_only": bool(spec.assigned_only or spec.groups or spec.open_to_organizations),
        "required_groups": list(spec.groups),
        "is_factor_demanded": spec.second_factor,
        "sign_in_minutes": spec.sign_in_minutes,
    }


def oidc_values(row: Application, organizations: Mapping[str, str]) -> dict[str, Any]:
    """The row as the form has it. `organizations`: id → key."""
    has_secret = row.client_auth in {ClientAuth.BASIC, ClientAuth.POST}
    return _common_values(row, organizations) | _given(
        client_id=row.client_id,
        client_auth=row.client_auth,
        client_secret=KEPT_SECRET if has_secret else None,
        jwks=row.jwks,
        jwks_uri=row.jwks_uri,
        grant_types=row.grant_types,
        redirect_uris=row.redirect_uris,
        post_logout_redirect_uris=row.post_logout_redirect_uris,
        backchannel_logout_uri=row.backchannel_logout_uri,
        backchannel_logout_session_required=row.is_logout_session_required,
        require_pkce=row.is_pkce_required,
        require_par=row.is_par_required,
        response_modes=row.response_modes,
        id_token_alg=row.id_token_alg,
        userinfo_alg=row.userinfo_alg,
        subject=row.subject_type,
        sector=row.sector,
        third_party=row.is_third_party,
        scopes=row.scopes,
        claims={rule["name"]: _claim(rule) for rule in row.claims or ()},
        cors_origins=row.cors_origins,
        session_minutes=row.session_minutes,
        access_token_minutes=row.access_token_minutes,
        id_token_minutes=row.id_token_minutes,
        offline_days=row.offline_days,
    )


def saml_values(row: Application, organizations: Mapping[str, str]) -> dict[str, Any]:
    """The row of a service provider as the form has it."""
    config = SamlApplicationConfig.from_json(row.entity_id or "", row.saml or {})
    return _common_values(row, organizations) | _given(
        entity_id=config.entity_id,
        acs=[{"url": one.url, "index": one.index, "default": one.is_default} for one in config.acs],
        slo_redirect=config.slo.get("redirect"),
        slo_post=config.slo.get("post"),
        slo_soap=config.slo.get("soap"),
        certificates=list(config.certificates),
        encryption_certificate=config.encryption_certificate,
        cipher=config.cipher,
        name_id=config.name_id,
        attributes=[
            _given(name=one.name, **{"from": one.source}, value=one.value, friendly_name=one.friendly_name, format=one.format)
            for one in config.attributes
        ],
        unproven_email=config.takes_unproven_email,
        signed=config.signed,
        signed_requests=config.wants_signed_requests,
        idp_initiated=config.may_begin_here,
        relay_state=config.start_relay_state or None,
        session_minutes=config.session_minutes,
    )


def _common_values(row: Application, organizations: Mapping[str, str]) -> dict[str, Any]:
    return _given(
        name=row.name,
        launch_url=row.launch_url,
        enabled=row.is_enabled,
        connections=row.accepted_connections,
        groups=row.required_groups,
        open_to_organizations=[organizations[one] for one in row.assigned_organizations or () if one in organizations],
        assigned_only=row.is_assigned_only,
        second_factor=row.is_factor_demanded,
        sign_in_minutes=row.sign_in_minutes,
        organization=organizations.get(row.organization_id),
    )


def _claim(rule: Mapping[str, Any]) -> dict[str, Any]:
    made = ClaimRule.from_json(dict(rule)).as_json()
    return {name: value for name, value in made.items() if name != "name" and value is not None}


def _given(**values: Any) -> dict[str, Any]:
    """Without what is None: the form's own defaults stand for it."""
    return {name: value for name, value in values.items() if value is not None}
