"""Roles of those who look after a tenant, and what each may do in its console. Pure."""

from enum import StrEnum


class Role(StrEnum):
    """`accounts.role`; None there is an ordinary person, who has no console."""

    OWNER = "owner"
    ADMIN = "admin"
    HELPDESK = "helpdesk"
    AUDITOR = "auditor"


class Permission(StrEnum):
    """What a page of the console needs."""

    VIEW = "view"
    """People and how things stand: what every role sees."""
    VIEW_SETTINGS = "view_settings"
    """Connections, domains, policies, applications and the like, as they are."""
    MANAGE_USERS = "manage_users"
    CONFIGURE = "configure"
    """Connections, domains, policies, branding, organizations, the back door."""
    MANAGE_APPLICATIONS = "manage_applications"
    MANAGE_ADMINS = "manage_admins"
    """Whose role may be given and taken: `may_give`."""
    READ_AUDIT = "read_audit"
    USE_HELPDESK = "use_helpdesk"
    """Reset second factors, send an invitation again, end sessions, look a reference up."""


_ALL = frozenset(Permission)
_OF_ROLE: dict[str, frozenset[Permission]] = {
    Role.OWNER: _ALL,
    Role.ADMIN: _ALL,
    Role.HELPDESK: frozenset({Permission.VIEW, Permission.USE_HELPDESK}),
    Role.AUDITOR: frozenset({Permission.VIEW, Permission.VIEW_SETTINGS, Permission.READ_AUDIT}),
}
CONSOLE_ROLES = frozenset(role.value for role in Role)
"""Who has a console at all."""


_OF_THE_WHOLE = frozenset(
    {Permission.VIEW_SETTINGS, Permission.CONFIGURE, Permission.MANAGE_APPLICATIONS, Permission.MANAGE_ADMINS}
)
"""What is about the whole tenant, and so not for who looks after a part of it (TI-05)."""


def may(role: str | None, permission: Permission, *, is_delegated: bool = False) -> bool:
    """May somebody with this role do that? A role that is not known here may nothing.

    `is_delegated`: they look after one organization and what is below it.
    """
    is_theirs = permission in _OF_ROLE.get(role or "", frozenset())
    return is_theirs and not (is_delegated and permission in _OF_THE_WHOLE)


def may_give(role: str | None, other: str | None) -> bool:
    """May this role be given, taken, or the account of its holder be changed: an owner's by owners only."""
    return may(role, Permission.MANAGE_ADMINS) and (other != Role.OWNER or role == Role.OWNER)
