"""When a session was last seen: noted once a minute, with what the request writes anyway, or else by itself at its end."""

from datetime import datetime

import structlog
from flask import Flask, Response, g
from sqlalchemy.exc import SQLAlchemyError

from tenants.db import TenantSession
from tenants.sessions import SEEN_SESSION

log = structlog.get_logger()


def init_last_seen(app: Flask) -> None:
    """Write at the end of each request what nobody took along."""
    app.after_request(_write_alone)


def note_seen(session_id: str, now: datetime) -> None:
    """To be written during this request."""
    g.seen_session = (session_id, now)


def write_seen(db: TenantSession) -> None:
    """Write it within the caller's transaction. At its end: whoever ends sessions has locked their account before them."""
    seen = g.pop("seen_session", None)
    if seen is not None:
        db.run(SEEN_SESSION, session_id=seen[0], now=seen[1])


def _write_alone(response: Response) -> Response:
    if "seen_session" in g:
        try:
            with g.db.writing(is_durable=False) as db:
                write_seen(db)
        except SQLAlchemyError as error:
            # The request is done; the next one of this session notes it again.
            log.warning("last_seen_not_written", error=type(error).__name__)
    return response
