"""What a tenant's pages and mails look like and say, as its one row of settings has it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from sqlalchemy import Row

from tenants.languages import ALL, Languages, Texts, offer, text_in
from tenants.logos import PNG_TYPE


@dataclass(frozen=True, slots=True)
class Branding:
    """What a tenant's pages look like: one colour (#rrggbb) and a logo; and what they say, in which languages."""

    colour: str | None
    logo: bytes | None
    logo_type: str | None
    mail_logo: bytes | None = None
    """A PNG for mails."""
    languages: Languages = ALL
    texts: Mapping[str, Texts] = field(default_factory=dict)
    """The tenant's own words on its pages, by the names of tenants/languages.py."""

    def text(self, name: str, language: str) -> str:
        """One of them as a page in this language has it; empty: there is none."""
        return text_in(self.texts.get(name), language, self.languages.default)


def branding_of(settings: Row[Any] | None) -> Branding:
    """From the tenant's row; None: it has none yet."""
    if settings is None:
        return Branding(None, None, None)
    is_png = settings.logo_type == PNG_TYPE
    mail_logo = settings.mail_logo or (settings.logo if is_png else None)
    languages, texts = offer(settings.languages, settings.language), MappingProxyType(dict(settings.texts or {}))
    return Branding(settings.colour, settings.logo, settings.logo_type, mail_logo, languages, texts)
