"""What a scope means to the person who is asked for it."""

from dataclasses import dataclass

from flask_babel import gettext as _


@dataclass(frozen=True, slots=True)
class ScopeLine:
    """One thing that an application may know or do. `scope`: what it is called between machines; empty for none."""

    icon: str
    text: str
    scope: str


def words_of_scope(scope: str) -> ScopeLine:
    """In plain words; a word of an application's own stands as it is."""
    known = {
        "openid": ("fingerprint", _("Know that it is you, each time you sign in")),
        "profile": ("person-badge", _("See your name and organization")),
        "email": ("envelope", _("See your e-mail address")),
        "groups": ("people", _("See the groups that you belong to")),
        "offline_access": ("clock-history", _("Go on while you are not signed in")),
    }
    icon, text = known.get(scope, ("key", _("Use “%(scope)s”", scope=scope)))
    return ScopeLine(icon, str(text), scope)
