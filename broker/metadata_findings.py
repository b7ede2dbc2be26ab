"""What `broker doctor` says of a connection whose provider's metadata is fetched."""

from collections.abc import Iterator

from flask_babel import lazy_gettext as _

from broker.provider_metadata import Followed, row_of
from broker.upstream.kind import Finding
from broker.upstream.saml_parts.findings import examine
from broker.wiring import Broker


def examine_followed(broker: Broker, followed: Followed) -> Iterator[Finding]:
    """The copy that is in force, and what became of the last try."""
    row = row_of(broker, followed)
    if row is None or row.document is None:
        sentence = _("Its metadata was not read yet: that happens at the first sign-in.")
        yield Finding("warn", "metadata_unread", sentence)
    else:
        yield from examine(followed.options.with_document(row.document).provider, broker.ports.clock.now())
    if row is not None and row.fault:
        yield Finding("warn", "metadata_fault", _("The metadata could not be read the last time: %(why)s.", why=row.fault))
    if row is not None and row.proposed is not None:
        sentence = _("New metadata of the provider waits for a word before it counts.")
        yield Finding("warn", "metadata_waits", sentence)
