"""The parts of a tenant's policy as the console shows them: one table. A field of the policy stands in one of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from flask_babel import LazyString
from flask_babel import lazy_gettext as _

from broker.console.forms import title_of
from tenants.policies import TenantPolicy


@dataclass(frozen=True, slots=True)
class Section:
    """A page of its own, with one form."""

    key: str
    label: LazyString
    lede: LazyString
    icon: str
    names: tuple[str, ...]
    """Fields of `TenantPolicy`."""
    words: Mapping[str, Mapping[str, LazyString]] = field(default_factory=dict)
    """What a page calls the values that can be chosen: field → value → words."""


_PAGES = {"email_first": _("The e-mail address"), "buttons": _("A button for each way"), "both": _("Either")}
_PRESETS = {
    "nist": _("NIST: 15 characters (8 beside a second factor), no other rules"),
    "l5b": _("8 to 16 characters, three kinds of them, from a short list"),
    "l5c": _("8 characters or more, with a small letter, a capital and a digit"),
}
_BREACH = {
    "off": _("Not looked for at sign-in"),
    "warn": _("Let them in, and warn by mail once"),
    "change": _("Let them in only after they have changed it"),
}
MATTERS = {
    "passwords": _("Passwords"),
    "factors": _("Second factors"),
    "sessions": _("Sessions"),
    "life": _("Life of accounts"),
    "disclosure": _("What strangers may learn"),
}
"""What parts may rule for themselves."""

SECTIONS = (
    Section(
        "page",
        _("Sign-in page"),
        _("What people see first, and what strangers may learn."),
        "box-arrow-in-right",
        ("sign_in_page", "discloses_account_state"),
        {"sign_in_page": _PAGES},
    ),
    Section(
        "passwords",
        _("Passwords"),
        _("Rules for new passwords. Whoever has one keeps it until it is changed."),
        "key",
        ("password", "on_breach"),
        {"password": _PRESETS, "on_breach": _BREACH},
    ),
    Section(
        "factors",
        _("Second factors"),
        _("E-mail and password always asks for one. Here is what may count, and where it may be left out."),
        "shield-lock",
        ("passkeys", "email_factor", "trusted_device_days"),
    ),
    Section(
        "sessions",
        _("Sessions"),
        _("How long somebody stays signed in."),
        "clock-history",
        ("session_idle_minutes", "session_absolute_minutes"),
    ),
    Section(
        "life",
        _("Life of accounts"),
        _("When accounts that nobody uses are switched off. Admins can give them back; nothing is deleted."),
        "hourglass-split",
        ("activation_days", "inactive_days", "warning_days"),
    ),
    Section(
        "traces",
        _("Traces"),
        _("What identity providers sent at refused sign-ins, kept without secrets, so that you can see why."),
        "journal-text",
        ("trace_days",),
    ),
    Section(
        "parts",
        _("Parts"),
        _("What parts of your organization may rule for themselves. The rest they can make stricter, and no more."),
        "diagram-3",
        ("parts_may",),
        {"parts_may": MATTERS},
    ),
)
ELSEWHERE = frozenset({"local_enabled", "password_rules"})
"""Fields with a form of their own: switching local sign-in on or off, and single rules among the passwords."""


def section_of(key: str) -> Section | None:
    """The section of this key."""
    return next((one for one in SECTIONS if one.key == key), None)


def told(section: Section, policy: TenantPolicy) -> list[tuple[str, str]]:
    """What is set, as label and words."""
    lines = []
    for name in section.names:
        value = getattr(policy, name)
        if isinstance(value, tuple):
            value = ", ".join(str(section.words[name][one]) for one in value) or _("Nothing")
        words = section.words.get(name, {}).get(str(value))
        if isinstance(value, bool):
            words = _("On") if value else _("Off")
        lines.append((title_of(TenantPolicy, name), str(words if words is not None else value)))
    return lines
