"""The part of the plan about SAML service providers."""

from typing import Any

from tenants.applications import Application
from tenants.manifest.application_rows import saml_columns
from tenants.manifest.plan import Comparison
from tenants.manifest.saml_specs import SamlApplicationSpec
from tenants.saml_applications import SAML_KIND, client_id_of

TABLE = "saml_applications"


def plan_saml_applications(comparison: Comparison) -> None:
    """Removal comes first, so that an entity id can move to another key."""
    specs, rows = comparison.manifest.spec.saml_applications, comparison.state.saml_applications
    taken: dict[str | None, str] = {}
    for key, row in rows.items():
        is_gone = row.is_file_managed and key not in specs
        if is_gone and not comparison.leave((TABLE, key)):
            comparison.remove((TABLE, key), Application, row)
        elif key not in specs:
            taken[row.entity_id] = key
    for key, spec in specs.items():
        if spec.entity_id in taken:
            comparison.refuse((TABLE, key, "entity_id"), f"is that of {taken[spec.entity_id]} already.")
        if key in comparison.state.applications and key not in rows:
            comparison.refuse((TABLE, key), "is the key of an OpenID Connect application already.")
        values = _values(comparison, key, spec)
        if key not in rows:
            values |= {"key": key, "kind": SAML_KIND, "created_at": comparison.now}
        comparison.fit((TABLE, key), Application, rows.get(key), values, "app")


def _values(comparison: Comparison, key: str, spec: SamlApplicationSpec) -> dict[str, Any]:
    return saml_columns(spec) | {
        "organization_id": comparison.organization_ids[spec.organization],
        "assigned_organizations": [comparison.organization_ids[one] for one in spec.open_to_organizations],
        "client_id": client_id_of(key),
        "is_file_managed": True,
    }
