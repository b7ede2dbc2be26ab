"""What the tenant says in its own words, in any of its languages: on the first page of a sign-in, below pages, in mails.

One form for each language, and one for all that have no words of their own.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from flask import g, request, url_for
from flask_babel import LazyString
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from pydantic import ValidationError
from sqlalchemy import select
from werkzeug.wrappers import Response

from broker.console.access import Admin, require
from broker.console.changes import StaleError, changing, fingerprint
from broker.console.forms import Errors, FormField, errors_of, marked
from broker.console.frame import go, show
from broker.console.settings_access import managed_by_file, require_not_by_file
from tenants.console_roles import Permission
from tenants.languages import NAME, NAMES, OTHERS, Texts, with_text
from tenants.manifest.specs import BrandingSpec, MailsSpec
from tenants.tenants import TenantSettings

PATH = "mails"

LABELS: Mapping[str, LazyString] = {
    NAME: _l("Name in this language"),
    "introduction": _l("Introduction"),
    "privacy": _l("Address of the privacy notice"),
    "imprint": _l("Address of the imprint"),
    "account_ready": _l("Mail: account is set up"),
    "code": _l("Mail: code"),
    "connection_ends": _l("Mail: certificate or secret runs out"),
    "credential_changed": _l("Mail: credentials changed"),
    "directory_added": _l("Mail: directory let in"),
    "domain_proof": _l("Mail: proof of a domain is gone"),
    "door_used": _l("Mail: emergency access used"),
    "invitation": _l("Mail: invitation"),
    "life_warning": _l("Mail: account is about to end"),
    "new_device": _l("Mail: sign-in on a new device"),
    "password_leaked": _l("Mail: password known from a leak"),
    "application_metadata": _l("Mail: metadata of an application"),
    "provider_keys": _l("Mail: keys of an identity provider"),
    "reset_link": _l("Mail: link for a new password"),
}
_HELP: Mapping[str, LazyString] = {
    NAME: _l("Where your organization is called something else. Empty: its usual name."),
    "introduction": _l("A short text on the first page of a sign-in. Plain text of at most 500 characters."),
    "privacy": _l("Linked at the foot of every page. It begins with https."),
    "imprint": _l("Linked at the foot of every page. It begins with https."),
}


@dataclass(frozen=True, slots=True)
class Tab:
    """One of the forms."""

    language: str
    label: str
    url: str
    is_here: bool


def words_page() -> Response:
    """GET: one field for each text, of one language."""
    admin = require(Permission.VIEW_SETTINGS)
    return _form(admin, _shown(_stored(), _language()))


def save_words() -> Response:
    """POST: all of them; an empty field takes the text away."""
    admin = require(Permission.CONFIGURE, fresh=True)
    require_not_by_file(admin)
    language = _language()
    typed = {name: text for name in _names(language) if (text := request.form.get(name, "").strip())}
    try:
        said = _checked(typed, language)
    except ValidationError as error:
        return _form(admin, typed, errors_of(error), 422)
    try:
        with changing(admin) as work:
            row = work.db.scalars(select(TenantSettings).with_for_update()).one()
            before = _of(row.texts, row.wording)
            work.require_unchanged(request.form.get("seen", ""), before, PATH)
            after = {name: with_text(before.get(name), language, said.get(name, "")) for name in _names(language)}
            after = {name: texts for name, texts in ({**before, **after}).items() if texts}
            row.texts = {name: after[name] for name in after if name not in MailsSpec.model_fields} or None
            row.wording = {name: after[name] for name in after if name in MailsSpec.model_fields} or None
            is_changed = work.note(PATH, dict(_flat(before)), dict(_flat(after)))
    except StaleError as stale:
        return _form(admin, typed, {"": stale.sentence}, 409)
    return go("console.mail_words", "saved" if is_changed else "nothing", language=language)


def _checked(typed: Mapping[str, str], language: str) -> dict[str, str]:
    """As a tenants file would have them. Raises ValidationError."""
    mails = {name: text for name, text in typed.items() if name in MailsSpec.model_fields}
    pages = {name: text for name, text in typed.items() if name not in mails and name != NAME}
    names = {NAME: {language: typed[NAME]}} if NAME in typed else {}
    branding = BrandingSpec.model_validate(pages | names)
    found = branding.texts | MailsSpec.model_validate(mails).model_dump(exclude_none=True)
    return found | ({NAME: branding.names[language]} if names else {})


def _language() -> str:
    """Which form it is: of a language that is offered, or of all others."""
    asked = request.values.get("language", OTHERS)
    return asked if asked in g.tenant.branding.languages.offered else OTHERS


def _names(language: str) -> tuple[str, ...]:
    """A name of its own has a language only where that is named."""
    return tuple(name for name in LABELS if name != NAME or language != OTHERS)


def _stored() -> dict[str, Texts]:
    return _of(g.tenant.branding.texts, g.tenant.wording)


def _of(texts: Mapping[str, Any] | None, wording: Mapping[str, Any] | None) -> dict[str, Texts]:
    return {**(texts or {}), **(wording or {})}


def _shown(texts: Mapping[str, Texts], language: str) -> dict[str, str]:
    """What stands in the form of a language: its own words, not those that stand in for them."""
    return {name: dict(_by_language(one)).get(language, "") for name, one in texts.items()}


def _by_language(texts: Texts) -> Iterator[tuple[str, str]]:
    yield from [(OTHERS, texts)] if isinstance(texts, str) else texts.items()


def _flat(texts: Mapping[str, Texts]) -> Iterator[tuple[str, str]]:
    """For the log: each with the name of its language."""
    for name, one in texts.items():
        for language, text in _by_language(one):
            yield (name if language == OTHERS else f"{name} {language}"), text


def _form(admin: Admin, values: Mapping[str, Any], errors: Errors | None = None, status: int = 200) -> Response:
    errors, may_change = errors or {}, admin.may(Permission.CONFIGURE) and not managed_by_file()
    return show(
        "console/own_words.html",
        admin,
        here="branding",
        title=_("Own words"),
        status=status,
        errors=errors,
        tabs=_tabs(_language()),
        language=_language(),
        fields=marked(list(_fields(values)), errors),
        seen=request.form.get("seen") or fingerprint(_stored()),
        may_change=may_change,
        is_file_managed=managed_by_file(),
        back=(url_for("console.branding"), _("Branding")),
    )


def _tabs(here: str) -> list[Tab]:
    """None where there is one language only."""
    offered = g.tenant.branding.languages
    labels = {OTHERS: _("All languages")} | {one: NAMES[one] for one in offered.offered}
    tabs = [Tab(one, label, url_for("console.mail_words", language=one), one == here) for one, label in labels.items()]
    return tabs if offered.has_choice else []


def _fields(values: Mapping[str, Any]) -> Iterator[FormField]:
    for name in _names(_language()):
        info = MailsSpec.model_fields.get(name)
        is_line = name in {NAME, "privacy", "imprint"}
        yield FormField(
            name=name,
            label=str(LABELS[name]),
            control="text" if is_line else "area",
            value=values.get(name, ""),
            help=str(_HELP[name]) if info is None else (info.description or ""),
        )
