"""The part of the plan about applications."""

from typing import Any

from tenants.applications import Application
from tenants.ids import digest
from tenants.manifest.application_rows import oidc_columns
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
    return oidc_columns(spec) | {
        "organization_id": comparison.organization_ids[spec.organization],
        "assigned_organizations": [comparison.organization_ids[one] for one in spec.open_to_organizations],
        "client_id": client_id,
        "secret_hash": digest(secret) if secret else None,
        "is_file_managed": True,
    }
