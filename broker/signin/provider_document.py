"""Options of a connection whose identity provider describes itself at an address: what was fetched stands in them."""

from datetime import timedelta

from flask import g

from broker.provider_metadata import Followed, fetch, first_document
from broker.upstream.kind import Options
from broker.upstream.saml_parts.options import SamlOptions
from broker.wiring import the_broker
from tenants.causes import Cause, Refusal
from tenants.snapshot import ConnectionConfig

_FIRST = timedelta(minutes=5)
"""Until then the tenant's kept configuration has the document as well."""
_PAUSE = timedelta(seconds=15)


def with_kept(connection: ConnectionConfig, options: Options) -> Options:
    """The options with the last good copy in them, where there is one of this very address."""
    kept = connection.fetched
    if not isinstance(options, SamlOptions) or kept is None or kept.url != options.metadata_url:
        return options
    try:
        return options.with_document(kept.document)
    except ValueError as error:
        raise Refusal(Cause.CONNECTION_MISCONFIGURED, f"the metadata that was fetched: {error}") from None


def provided(connection: ConnectionConfig, options: Options) -> Options:
    """The same for who is about to use it: fetched now, where nobody has needed it before. Raises BrokerError."""
    if not isinstance(options, SamlOptions) or options.is_described:
        return options
    document = the_broker().ports.kept.get(
        ("saml_metadata", connection.id, options.metadata_url),
        lambda: _first(connection, options),
        ttl=_FIRST,
        pause=_PAUSE,
    )
    try:
        return options.with_document(document)
    except ValueError as error:
        raise Refusal(Cause.CONNECTION_MISCONFIGURED, f"the metadata that was fetched: {error}") from None


def _first(connection: ConnectionConfig, options: SamlOptions) -> str:
    """What is tested only is not kept: the copy of the connection in force stays what it is."""
    broker, in_force = the_broker(), g.tenant.connections.get(connection.key)
    if in_force is None or in_force.options.get("metadata_url") != options.metadata_url:
        return fetch(options.metadata_url or "", broker.ports.http)
    return first_document(broker, Followed(g.tenant.id, connection.id, connection.key, connection.label, options))
