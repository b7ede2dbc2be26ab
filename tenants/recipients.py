"""Whom mails are about, and who else has to know."""

from sqlalchemy import bindparam, or_, select

from tenants.accounts import ADMIN_ROLES, Account
from tenants.admins import ENTERING
from tenants.statements import scoped

RECIPIENT = scoped(
    select(
        Account.email,
        Account.state,
        Account.created_at,
        Account.invited_at,
        Account.activated_at,
        Account.last_login_at,
        Account.state_changed_at,
        Account.expires_at,
        Account.is_local_enabled,
        Account.role,
        Account.organization_id,
        Account.language,
    ).where(Account.email_key == bindparam("email_key"))
)
"""What a mail may depend on, of the account that its address belongs to."""
OTHER_ADMINS = scoped(
    select(Account.email)
    .where(
        Account.role.in_(tuple(sorted(ADMIN_ROLES))),
        Account.admin_organization_id.is_(None),
        Account.state.in_(tuple(sorted(ENTERING))),
        or_(Account.expires_at.is_(None), Account.expires_at > bindparam("now")),
        Account.id != bindparam("account"),
    )
    .order_by(Account.email)
)
"""Every owner and admin who can do something, but for one."""
