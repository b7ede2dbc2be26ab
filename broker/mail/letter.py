"""A tenant's mail in the making: what is known of it, what it says, and both its forms.

A maker gives `Words`; one pair of templates shows them, so text and HTML can't say different things. Subjects are fixed
sentences (of what varies, only a code that we made stands in one). Links begin with the tenant's stored address.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import Any, TypeVar
from urllib.parse import quote, urlsplit

from flask import render_template
from flask_babel import gettext as _
from sqlalchemy import Row

from broker.mail.messages import DEFAULT_COLOURS, Colours, Content, colours_of, place_of
from broker.moments import moment_words
from broker.ports import Picture
from broker.wiring import Broker
from tenants.addresses import AddressError, normalise_address
from tenants.audit import printable
from tenants.branding import Branding
from tenants.languages import SOURCE, language_for, text_in
from tenants.logos import PNG_TYPE
from tenants.recipients import RECIPIENT
from tenants.snapshot import ContactConfig, TenantConfig

LOGO = "logo"
"""Content id of the logo inside its mail (RFC 2392)."""
_LONGEST_NAME = 100
_LINK = re.compile(r"://|www\.|[^\s@]\.[a-z]{2,}/|@", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Letter:
    """What there is to make a mail from, at the moment when it is sent."""

    broker: Broker
    tenant: TenantConfig
    to_address: str
    message: str
    facts: Mapping[str, str]
    """What its cause said, as short texts; times in ISO 8601."""
    created_at: datetime
    language: str = SOURCE
    """In which it is written."""
    reader: Row[Any] | None = None
    """Whose address it goes to (a row of RECIPIENT); None: nobody's who is known here."""

    @property
    def name(self) -> str:
        """What its reader knows the organization as."""
        return self.tenant.name_in(self.language)

    def time(self, name: str) -> datetime:
        """The time that a fact names. Raises KeyError and ValueError."""
        return datetime.fromisoformat(self.facts[name])

    def link(self, path: str) -> str:
        """A page of the tenant, at its canonical address (IR-01)."""
        return f"{self.tenant.base_url}{path}"

    def contacts(self) -> tuple[ContactConfig, ...]:
        """Whom its reader can ask: the contacts of their part, where parts have contacts of their own."""
        reader = self.reader
        return self.tenant.contacts if reader is None else self.tenant.contacts_for(reader.organization_id)

    def sign_in_link(self) -> str:
        """The sign-in page, with this address filled in."""
        return self.link(f"/sign-in?login_hint={quote(self.to_address, safe='@')}")


def letter_to(
    broker: Broker, tenant: TenantConfig, to_address: str, message: str, facts: Mapping[str, str], created_at: datetime
) -> Letter:
    """A mail to this address: in the language kept with its account, else the one of the page on which its reader asked
    for it (the fact `language`), else the tenant's. One statement."""
    reader = _reader(broker, tenant, to_address)
    offered = tenant.branding.languages
    kept = (reader.language if reader is not None else None) or facts.get("language", "")
    spoken = language_for(offered, kept=kept)
    return Letter(broker, tenant, to_address, message, facts, created_at, spoken, reader)


def _reader(broker: Broker, tenant: TenantConfig, to_address: str) -> Row[Any] | None:
    try:
        key = normalise_address(to_address).key
    except AddressError:
        return None
    with broker.db.tenant(tenant.id).reading() as db:
        return db.one(RECIPIENT, email_key=key)


@dataclass(frozen=True, slots=True)
class Button:
    """The one thing to do."""

    label: str
    url: str


@dataclass(frozen=True, slots=True)
class Words:
    """What a mail says, in the order in which it says it."""

    subject: str
    heading: str
    lead: str
    preview: str = ""
    """What mail programs show beside the subject; the lead where it is empty."""
    code: str = ""
    button: Button | None = None
    rows: tuple[tuple[str, str], ...] = ()
    """Circumstances, each with its name. Those without a value are not shown."""
    notes: tuple[str, ...] = ()
    is_usual: bool = True
    """False: not what the tenant's own wording of this message is about."""


Said = TypeVar("Said", Words, ContactConfig)


def write(letter: Letter, words: Words) -> Content:
    """Both forms of a letter."""
    tenant = letter.tenant
    logo = _logo(tenant.branding)
    values = {
        "address": letter.to_address,
        "colours": _colours(tenant.branding),
        "contacts": [_one_lines(contact) for contact in letter.contacts()],
        "logo": LOGO if logo else None,
        "name": printable(letter.name),
        "place": place_of(tenant.base_url),
        "rows": [(label, printable(value)) for label, value in words.rows if value],
        "sender": urlsplit(tenant.base_url).netloc,
        "subject": words.subject,
        "wording": printable(_own_words(letter)) if words.is_usual else "",
        "words": replace(_one_lines(words), notes=tuple(map(printable, words.notes))),
    }
    text, html = render_template("mail/letter.txt", **values), render_template("mail/letter.html", **values)
    return Content(words.subject, text, html, (logo,) if logo else ())


def _own_words(letter: Letter) -> str:
    """The tenant's own paragraph for this message, in the language of the mail."""
    tenant = letter.tenant
    return text_in(tenant.wording.get(letter.message), letter.language, tenant.branding.languages.default)


def _one_lines(said: Said) -> Said:
    """With every text in it as one line of plain characters: sentences have names in them that somebody chose (IR-10)."""
    parts = {item.name: getattr(said, item.name) for item in fields(said)}
    texts: dict[str, Any] = {name: printable(part) for name, part in parts.items() if isinstance(part, str)}
    return replace(said, **texts)


def asked_at(letter: Letter) -> tuple[str, str]:
    """The row that says when the cause of this mail was."""
    return _("Asked for on"), moment_words(letter.created_at)


def harmless_name(name: str) -> str:
    """What a person is called; nothing where it is no name but something that a mail program would make a link of (IR-10)."""
    shown = printable(name).strip()
    return "" if _LINK.search(shown) or len(shown) > _LONGEST_NAME else shown


def _colours(branding: Branding) -> Colours:
    return colours_of(branding.colour) if branding.colour else DEFAULT_COLOURS


def _logo(branding: Branding) -> Picture | None:
    return Picture(LOGO, PNG_TYPE, branding.mail_logo) if branding.mail_logo else None
