"""Who has fetched our metadata while which key stood in it: what an admin has to know before the keys change over.

It is a hint and no proof: anybody may ask for that page. A person's browser is left out, as it says what it is.
"""

from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta
from functools import partial

from flask import g, request
from sqlalchemy.exc import IntegrityError

from broker.saml_xml.keys import OwnKey
from broker.tenancy import client_address
from broker.wiring import the_broker
from tenants.audit import printable
from tenants.ids import new_id
from tenants.saml_metadata import NOTE_READING, READING
from tenants.snapshot import ConnectionConfig

_KEPT_FOR = timedelta(days=1)


def note_readings(connection: ConnectionConfig, keys: Sequence[OwnKey]) -> None:
    """Written once for each connection and key; a process that has seen it done asks nobody."""
    if request.method != "GET" or "Sec-Fetch-Mode" in request.headers:
        return
    for key in keys:
        place = ("metadata_reading", connection.id, key.kid)
        the_broker().ports.kept.get(place, partial(_note, connection, key.kid), ttl=_KEPT_FOR)


def _note(connection: ConnectionConfig, kid: str) -> bool:
    with g.db.reading() as db:
        if db.one(READING, connection=connection.id, key_id=kid) is not None:
            return True
    with suppress(IntegrityError), g.db.writing() as db:
        db.run(
            NOTE_READING,
            id=new_id("rdg"),
            connection_id=connection.id,
            kid=kid,
            read_at=the_broker().ports.clock.now(),
            address=client_address()[:45],
            user_agent=printable(request.user_agent.string)[:300] or None,
        )
    return True
