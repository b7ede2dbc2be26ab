"""In which language the first mails to somebody are, as whoever adds them says."""

from collections.abc import Mapping

from flask import g
from flask_babel import gettext as _

from broker.console.forms import Choice, FormField
from tenants.languages import NAMES


def language_of(form: Mapping[str, str], errors: dict[str, str]) -> str | None:
    """What was chosen. None: there is nothing to choose, and the tenant's own is meant."""
    offered = g.tenant.branding.languages
    if not form["language"] or not offered.has_choice:
        return None
    if form["language"] not in offered.offered:
        errors["language"] = str(_("Choose one that is offered."))
    return form["language"]


def language_field(form: Mapping[str, str]) -> list[FormField]:
    """Where there is something to choose."""
    offered = g.tenant.branding.languages
    choices = [Choice(one, NAMES[one]) for one in offered.offered]
    chosen, label = form.get("language") or offered.default, str(_("Language of mails"))
    help_text = str(_("Until they choose one themselves."))
    made = FormField("language", label, "choice", chosen, help_text, choices=choices, is_required=True)
    return [made] if offered.has_choice else []
