"""What a tenants file rules for the tenant as a whole: its policy, branding, contacts and words."""

from flask import g

from broker.console.access import Admin
from tenants.causes import Cause, Refusal


def managed_by_file() -> bool:
    """Pages show these settings then, and offer no change."""
    return bool(g.tenant.is_file_managed)


def require_not_by_file(admin: Admin) -> None:
    """Raise Refusal for what a tenants file manages."""
    if managed_by_file():
        raise Refusal(Cause.ROLE_MISSING, "managed by a tenants file", fact="file", account_id=admin.id)
