"""The side bar of the console: one table. An entry is shown to whom its permission is given."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from flask import url_for
from flask_babel import LazyString
from flask_babel import lazy_gettext as _

from broker.console.access import Admin
from tenants.console_roles import Permission


class Group(Enum):
    """The parts of the side bar, from top to bottom; the first has no heading."""

    TOP = ""
    PEOPLE = _("People")
    SIGNING_IN = _("Signing in")
    SET_UP = _("Set-up")


@dataclass(frozen=True, slots=True)
class Entry:
    """One line. `key` is what a page names as `here`; `icon` stands in `SYMBOLS` of broker/icons.py."""

    key: str
    label: LazyString
    endpoint: str
    icon: str
    permission: Permission
    group: Group


@dataclass(frozen=True, slots=True)
class Line:
    """An entry as the side bar shows it."""

    label: str
    url: str
    icon: str
    is_here: bool


@dataclass(frozen=True, slots=True)
class Part:
    """A group with what of it this admin may open."""

    label: str
    lines: tuple[Line, ...]


ENTRIES = (
    Entry("home", _("Home"), "console.home", "house", Permission.VIEW, Group.TOP),
    Entry("users", _("Users"), "console.users", "people", Permission.VIEW, Group.PEOPLE),
    Entry("organizations", _("Organizations"), "console.organizations", "diagram-3", Permission.VIEW_SETTINGS, Group.PEOPLE),
    Entry("admins", _("Admins"), "console.admins", "person-gear", Permission.VIEW_SETTINGS, Group.PEOPLE),
    Entry("connections", _("Connections"), "console.connections", "plug", Permission.VIEW_SETTINGS, Group.SIGNING_IN),
    Entry("domains", _("Domains"), "console.domains", "globe2", Permission.VIEW_SETTINGS, Group.SIGNING_IN),
    Entry("routing", _("Routing simulator"), "console.routing", "signpost-split", Permission.VIEW_SETTINGS, Group.SIGNING_IN),
    Entry("applications", _("Applications"), "console.applications", "grid", Permission.VIEW_SETTINGS, Group.SIGNING_IN),
    Entry("reference", _("Look up a reference"), "console.reference", "search", Permission.VIEW, Group.PEOPLE),
    Entry("audit", _("Audit log"), "console.audit", "journal-text", Permission.READ_AUDIT, Group.SET_UP),
    Entry("door", _("Emergency access"), "console.door", "door-closed", Permission.VIEW_SETTINGS, Group.SET_UP),
    Entry("support", _("Support access"), "console.support", "eye", Permission.VIEW_SETTINGS, Group.SET_UP),
    Entry("branding", _("Branding"), "console.branding", "palette", Permission.VIEW_SETTINGS, Group.SET_UP),
    Entry("policies", _("Policies"), "console.policies", "sliders", Permission.VIEW_SETTINGS, Group.SET_UP),
)


def menu_of(admin: Admin, here: str) -> Iterator[Part]:
    """The side bar for this admin."""
    for group in Group:
        lines = tuple(
            Line(str(entry.label), url_for(entry.endpoint), entry.icon, entry.key == here)
            for entry in ENTRIES
            if entry.group is group and admin.may(entry.permission)
        )
        if lines:
            yield Part(str(group.value), lines)
