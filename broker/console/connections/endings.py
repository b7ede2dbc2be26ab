"""What of a connection runs out when, for its page and for home."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from flask_babel import gettext as _

from broker.console.connections.words import days_words
from broker.upstream import KINDS
from broker.upstream.kind import Certified
from tenants.causes import BrokerError
from tenants.connections import Connection
from tenants.endings import Ending, Thing, of_certificates, of_client_certificate, of_secret
from tenants.snapshot import ConnectionConfig

SOON = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class EndLine:
    """One thing and its end, in words."""

    label: str
    name: str
    ends_at: datetime
    words: str
    tone: str


def ends_of(row: Connection, document: str | None, now: datetime) -> list[EndLine]:
    """The next one first. `document`: the metadata that was fetched."""
    return [line_of(one, now) for one in sorted(endings_of_row(row, document), key=lambda one: one.ends_at)]


def endings_of_row(row: Connection | ConnectionConfig, document: str | None) -> list[Ending]:
    """Nothing where the options don't fit this version: the test says so."""
    found = of_secret(row)  # type: ignore[arg-type]  # reads columns by name, which a mapped row has as well
    kind = KINDS[row.kind]
    try:
        found += of_client_certificate(row)  # type: ignore[arg-type]  # as above
        if isinstance(kind, Certified):
            options = kind.options_type.model_validate(dict(row.options))
            found += of_certificates(row, kind.certificates(options, document))  # type: ignore[arg-type]  # as above
    except (ValueError, BrokerError):
        return found
    return found


def line_of(one: Ending, now: datetime) -> EndLine:
    """In words."""
    labels = {
        Thing.CERTIFICATE: _("Certificate of the provider"),
        Thing.SECRET: _("Client secret"),
        Thing.CLIENT_CERTIFICATE: _("Client certificate"),
        Thing.OWN_CERTIFICATE: _("Certificate of our own"),
        Thing.APPLICATIONS_CERTIFICATE: _("Certificate of our own for applications"),
    }
    tone = "bad" if one.ends_at <= now else "warn" if one.ends_at - now < SOON and one.successor_ends_at is None else "ok"
    return EndLine(str(labels[one.thing]), one.name, one.ends_at, days_words(one.ends_at, now), tone)
