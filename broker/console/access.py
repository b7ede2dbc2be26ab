"""Who may open a page of the console, and how much of the tenant they see there."""

from dataclasses import dataclass

from flask import g, request

from broker.guard import require_fresh, require_role
from broker.session import SignedIn
from broker.support import Visit, note_page, present_visit
from tenants.causes import Cause, Refusal
from tenants.console_roles import CONSOLE_ROLES, Permission, may
from tenants.organization_tree import Tree
from tenants.support_access import OPERATOR

VISITOR_ROLE = "auditor"
"""What an operator is who looks in (TI-10): sees everything, changes nothing."""


@dataclass(frozen=True, slots=True)
class Admin:
    """Who works in the console just now."""

    person: SignedIn | None
    """None: an operator, with the consent of an owner."""
    role: str
    organization_ids: frozenset[str] | None = None
    """The organizations whose people they see; None: all of the tenant."""
    visit: Visit | None = None

    @property
    def id(self) -> str:
        """Of their account."""
        return str(self.person.row.account_id) if self.person else OPERATOR

    @property
    def is_by_door(self) -> bool:
        """Emergency access."""
        return self.person is not None and self.person.is_by_door

    @property
    def name(self) -> str:
        if self.person is None:
            return self.visit.name if self.visit else ""
        return str(self.person.row.name or self.person.row.email)

    def may(self, permission: Permission) -> bool:
        """For what a page offers; what it does is guarded by `require` again."""
        return may(self.role, permission, is_delegated=self.organization_ids is not None)


def require(permission: Permission, *, fresh: bool = False) -> Admin:
    """Who is signed in and may do this. Raises Refusal: to a sign-in that leads back here, or ROLE_MISSING.

    `fresh`: for what is dangerous (connection, keys, domain, factor, token) also a proof of the last ten minutes (AC-07).
    Ask for it on the page with the form as well, so that nobody fills in what is then asked for again.
    """
    visit = present_visit()
    if visit is not None:
        return _visiting(visit, permission)
    person = require_role(CONSOLE_ROLES)
    admin = Admin(person, person.row.role, organization_ids_of(person))
    if not admin.may(permission):
        raise Refusal(Cause.ROLE_MISSING, f"may not {permission.value}", account_id=admin.id)
    if fresh:
        require_fresh(person)
    return admin


def _visiting(visit: Visit, permission: Permission) -> Admin:
    """An operator who looks in. Whatever is posted is refused, whatever the permission."""
    admin = Admin(None, VISITOR_ROLE, None, visit)
    if request.method not in ("GET", "HEAD") or not admin.may(permission):
        raise Refusal(Cause.ROLE_MISSING, f"{visit.name}, an operator, looks in and changes nothing", fact="support")
    note_page(visit)
    return admin


def organization_ids_of(person: SignedIn) -> frozenset[str] | None:
    """Whose people an admin sees: the only place that decides it. None: everybody's of the tenant."""
    tree: Tree = g.tenant.organizations
    return tree.below(person.row.admin_organization_id)
