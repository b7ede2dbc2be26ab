"""Reading and writing one application: the row, its typed form, and the organizations that both name."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import abort, g
from sqlalchemy import select

from broker.console.access import Admin
from broker.console.changes import Work
from tenants.applications import Application, ClientAuth
from tenants.console_roles import Permission
from tenants.db import TenantSession
from tenants.manifest.application_rows import oidc_columns, oidc_values, saml_columns, saml_values
from tenants.manifest.application_specs import ApplicationSpec
from tenants.manifest.saml_specs import SamlApplicationSpec
from tenants.organizations import Organization
from tenants.saml_applications import SAML_KIND

MOST_ORGANIZATIONS = 500
Spec = ApplicationSpec | SamlApplicationSpec


@dataclass(frozen=True, slots=True)
class Held:
    """An application with everything that its pages show."""

    row: Application
    values: dict[str, Any]
    """As its form has them."""
    organizations: Mapping[str, tuple[str, str]]
    """Key → id and name."""

    @property
    def is_saml(self) -> bool:
        return self.row.kind == SAML_KIND

    @property
    def path(self) -> str:
        """Where it stands, for the audit log."""
        return f"applications.{self.row.key}"

    def spec(self, values: Mapping[str, Any]) -> Spec:
        """The whole form, checked. Raises ValidationError."""
        return (SamlApplicationSpec if self.is_saml else ApplicationSpec).model_validate(dict(values))


def organizations_of(db: TenantSession) -> dict[str, tuple[str, str]]:
    """Key → id and name, the whole tenant's first."""
    in_order = select(Organization).order_by(Organization.parent_id.is_not(None), Organization.name)
    rows = db.scalars(in_order.limit(MOST_ORGANIZATIONS))
    return {row.key: (row.id, row.name) for row in rows}


def held(db: TenantSession, key: str, *, locks: bool = False) -> Held:
    """The application of this key. Ends the request with 404 where there is none."""
    found = select(Application).where(Application.key == key)
    row = db.scalars(found.with_for_update() if locks else found).first()
    if row is None:
        abort(404)
    organizations = organizations_of(db)
    keys = {one: name for name, (one, _label) in organizations.items()}
    return Held(row, saml_values(row, keys) if row.kind == SAML_KIND else oidc_values(row, keys), organizations)


def find(key: str) -> Held:
    """The same, to be shown."""
    with g.db.reading() as db:
        return held(db, key)


def write(work: Work, there: Held, values: Mapping[str, Any], before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    """Into the row. Raises ValidationError. False: everything was like that already."""
    spec = there.spec(values)
    for name, value in columns_of(spec, there.organizations).items():
        setattr(there.row, name, value)
    if not needs_secret(there.row):
        there.row.secret_hash = None
    work.db.flush()
    return work.note(there.path, before, after, application_id=there.row.id)


def columns_of(spec: Spec, organizations: Mapping[str, tuple[str, str]]) -> dict[str, Any]:
    """What the row has to hold; an organization that is gone meanwhile ends the request with 404."""
    made = saml_columns(spec) if isinstance(spec, SamlApplicationSpec) else oidc_columns(spec)
    named = [spec.organization, *spec.open_to_organizations]
    if any(name not in organizations for name in named):
        abort(404)
    return made | {
        "organization_id": organizations[spec.organization][0],
        "assigned_organizations": [organizations[name][0] for name in spec.open_to_organizations],
    }


def needs_secret(row: Application) -> bool:
    """Whether it proves itself with a secret."""
    return row.kind != SAML_KIND and row.client_auth in {ClientAuth.BASIC, ClientAuth.POST}


def may_change(admin: Admin, row: Application) -> bool:
    """Whether pages offer a change."""
    return admin.may(Permission.MANAGE_APPLICATIONS) and not row.is_file_managed
