"""The contacts on a page: those of the part that its reader belongs to, once that is known; before, all of the tenant's."""

from flask import g

from tenants.snapshot import ContactConfig


def know_reader(organization_id: str) -> None:
    """The reader has proven to be somebody of this organization: for the rest of this request."""
    g.reader_organization = organization_id


def whom_to_ask() -> tuple[ContactConfig, ...]:
    """For templates."""
    known = g.get("reader_organization")
    found: tuple[ContactConfig, ...] = g.tenant.contacts if known is None else g.tenant.contacts_for(known)
    return found
