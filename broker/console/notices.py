"""What a page says about what was just done: `?done=<key>` can name nothing but what stands here."""

from flask_babel import LazyString
from flask_babel import lazy_gettext as _

NOTICES: dict[str, LazyString] = {
    "saved": _("Saved."),
    "removed": _("Removed."),
    "nothing": _("Nothing was changed: everything was like that already."),
}
