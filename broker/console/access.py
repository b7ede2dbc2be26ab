"""Who may open a page of the console, and how much of the tenant they see there."""

from dataclasses import dataclass

from flask import g

from broker.guard import require_fresh, require_role
from broker.session import SignedIn
from tenants.causes import Cause, Refusal
from tenants.console_roles import CONSOLE_ROLES, Permission, may
from tenants.organization_tree import Tree


@dataclass(frozen=True, slots=True)
class Admin:
    """Who works in the console just now."""

    person: SignedIn
    role: str
    organization_ids: frozenset[str] | None = None
    """The organizations whose people they see; None: all of the tenant."""

    @property
    def id(self) -> str:
        """Of their account."""
        return str(self.person.row.account_id)

    @property
    def name(self) -> str:
        return str(self.person.row.name or self.person.row.email)

    def may(self, permission: Permission) -> bool:
        """For what a page offers; what it does is guarded by `require` again."""
        return may(self.role, permission, is_delegated=self.organization_ids is not None)


def require(permission: Permission, *, fresh: bool = False) -> Admin:
    """Who is signed in and may do this. Raises Refusal: to a sign-in that leads back here, or ROLE_MISSING.

    `fresh`: for what is dangerous (connection, keys, domain, factor, token) also a proof of the last ten minutes (AC-07).
    Ask for it on the page with the form as well, so that nobody fills in what is then asked for again.
    """
    person = require_role(CONSOLE_ROLES)
    admin = Admin(person, person.row.role, organization_ids_of(person))
    if not admin.may(permission):
        raise Refusal(Cause.ROLE_MISSING, f"may not {permission.value}", account_id=admin.id)
    if fresh:
        require_fresh(person)
    return admin


def organization_ids_of(person: SignedIn) -> frozenset[str] | None:
    """Whose people an admin sees: the only place that decides it. None: everybody's of the tenant."""
    tree: Tree = g.tenant.organizations
    return tree.below(person.row.admin_organization_id)
