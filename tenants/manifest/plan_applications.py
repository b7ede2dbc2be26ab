"""The part of the plan about applications."""

from typing import Any

from tenants.applications import Application
from tenants.ids import digest
from tenants.manifest.application_specs import ApplicationSpec
from tenants.manifest.plan import Comparison


def plan_applications(comparison: Comparison) -> None:
    """The clients. Removal comes first, so that a client id can move to another key."""
    specs, rows = comparison.manifest.spec.applications, comparison.state.applications
    taken = {}
    for key, row in rows.items():
        is_gone = row.is_file_managed and key not in specs
        if is_gone and not comparison.leave(("applications", key)):
            comparison.remove(("applications", key), Application, row)
        elif key not in specs:
            taken[row.client_id] = key
    for key, spec in specs.items():
        client_id = spec.client_id or key
        if client_id in taken:
            comparison.refuse(("applications", key, "client_id"), f"is that of {taken[client_id]} already.")
        values = _values(comparison, key, spec, client_id)
        if key not in rows:
            values |= {"key": key, "created_at": comparison.now}
        comparison.fit(("applications", key), Application, rows.get(key), values, "app")


def _values(comparison: Comparison, key: str, spec: ApplicationSpec, client_id: str) -> dict[str, Any]:
    """What the row has to hold."""
    secret = comparison.manifest.client_secrets.get(key)
    return {
        "organization_id": comparison.organization_ids[spec.organization],
        "name": spec.name,
        "launch_url": spec.launch_url,
        "is_enabled": spec.enabled,
        "client_id": client_id,
        "secret_hash": digest(secret) if secret else None,
        "client_auth": spec.client_auth.value,
        "redirect_uris": list(spec.redirect_uris),
        "post_logout_redirect_uris": list(spec.post_logout_redirect_uris),
        "is_pkce_required": spec.require_pkce,
        "id_token_alg": spec.id_token_alg,
        "accepted_connections": list(spec.connections),
        "is_assigned_only": bool(spec.assigned_only or spec.groups or spec.open_to_organizations),
        "required_groups": list(spec.groups),
        "assigned_organizations": [comparison.organization_ids[one] for one in spec.open_to_organizations],
        "is_factor_demanded": spec.second_factor,
        "is_file_managed": True,
    } | _more_values(spec)


def _more_values(spec: ApplicationSpec) -> dict[str, Any]:
    """None for what stands as it is for most: rows from before these fields have it so."""
    fields = type(spec).model_fields
    usual = {name: fields[name].default for name in ("grant_types", "access_token_minutes", "id_token_minutes", "offline_days")}
    kept = {name: None if getattr(spec, name) == value else getattr(spec, name) for name, value in usual.items()}
    return {
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
        "sign_in_minutes": spec.sign_in_minutes,
        "session_minutes": spec.session_minutes,
        "access_token_minutes": kept["access_token_minutes"],
        "id_token_minutes": kept["id_token_minutes"],
        "offline_days": kept["offline_days"],
    }
