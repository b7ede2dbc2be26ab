"""The contacts on a page: those of the part that its reader belongs to, once that is known; before, all of the tenant's."""

from typing import Protocol

from flask import g

from broker.language import know_language
from tenants.snapshot import ContactConfig


class Reader(Protocol):
    """What is read of an account anyway."""

    organization_id: str
    language: str | None


def know_reader(reader: Reader) -> None:
    """The reader has proven to be this person: for the rest of this request."""
    g.reader_organization = reader.organization_id
    know_language(reader.language)


def whom_to_ask() -> tuple[ContactConfig, ...]:
    """For templates."""
    known = g.get("reader_organization")
    found: tuple[ContactConfig, ...] = g.tenant.contacts if known is None else g.tenant.contacts_for(known)
    return found
