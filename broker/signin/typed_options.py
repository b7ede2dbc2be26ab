"""From the values of a connection, in force or not, to the typed options that its kind works with."""

import json
from typing import Any

from pydantic import ValidationError

from broker.shared_registrations import completed
from broker.signin.provider_document import with_kept
from broker.upstream import KINDS
from broker.upstream.kind import Options
from broker.wiring import the_broker
from tenants.causes import Cause, Refusal
from tenants.snapshot import ConnectionConfig
from tenants.vault import Place, VaultError


def make_options(connection: ConnectionConfig, place: Place) -> Options:
    """The typed options, with the secrets that are sealed for this place. Raises Refusal."""
    try:
        sealed = connection.secrets_sealed
        secrets: dict[str, Any] = json.loads(the_broker().vault.open(sealed, place)) if sealed else {}
        kind = KINDS[connection.kind]
        options = with_kept(connection, kind.options_type(**{**connection.options, **secrets}))
        return completed(kind, options, tuple(connection.consented), the_broker().shared)
    except (ValidationError, VaultError, KeyError) as error:
        raise Refusal(Cause.CONNECTION_MISCONFIGURED, f"the options don't open: {type(error).__name__}") from error
