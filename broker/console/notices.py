"""What a page says about what was just done: `?done=<key>` can name nothing but what stands here."""

from flask_babel import LazyString
from flask_babel import lazy_gettext as _

NOTICES: dict[str, LazyString] = {
    "saved": _("Saved."),
    "removed": _("Removed."),
    "nothing": _("Nothing was changed: everything was like that already."),
    "drafted": _("Saved as a draft. Nobody signs in by it yet: test it, then switch it on."),
    "ordered": _("Saved. The buttons stand in this order from now on."),
    "activated": _("This version is in force. Nobody was signed out."),
    "switched_on": _("It is on. People see it from now on."),
    "switched_off": _("It is off. Nobody can sign in by it any more."),
    "rolled_back": _("The values of before are in force again."),
    "rules": _("Saved. The rules count for each person from their next sign-in on."),
    "read": _("The address was asked. What it said stands below."),
    "taken": _("The new metadata is in force."),
    "refused": _("It was refused, and the same is not proposed again."),
    "key_roll": _("A second key is published. It signs nothing yet: wait until each provider has fetched it."),
    "key_use": _("The other key signs from now on. The one of before stays published."),
    "key_retire": _("The old key is out of use."),
    "directory_in": _("People of this directory can sign in now."),
    "directory_out": _("People of this directory can’t sign in any more, and their sessions have ended."),
}
