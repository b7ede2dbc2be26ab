"""Sign-outs that come from identity providers: what a logout token and SAML single logout have in common.

Each message is verified before anything is looked up, counts once, and reaches sessions of its own connection only.
Wrong ones are counted by connection and network address: beyond a number they are refused without an audit row. Right ones
are believed meanwhile, as a stranger may send from the provider's very address, or by a person's own browser.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from flask import g
from sqlalchemy import Row
from sqlalchemy.exc import IntegrityError

from broker.device import note_sign_out
from broker.session import present_session
from broker.tenancy import client_address
from broker.upstream.kind import Once
from broker.wiring import the_broker
from tenants.causes import Cause, Refusal, UpstreamFailure
from tenants.db import TenantSession
from tenants.ids import digest
from tenants.snapshot import ConnectionConfig
from tenants.throttles import THROTTLE_STATE, Limit, counter_key, paused_until, take_try
from tenants.transactions import USE_ASSERTION
from tenants.upstream_sessions import note_ended

FAULTS = Limit(free=20, cap=200, window=timedelta(minutes=10), longest=timedelta(minutes=1))

Ending = Callable[[TenantSession, datetime], Sequence[Row[Any]]]
"""Ends what a message names within the caller's transaction: rows with `id` and `account_id`."""


@contextmanager
def judging(connection: ConnectionConfig) -> Iterator[None]:
    """Around the judgement of one message. Raises UpstreamFailure(LOGOUT_INVALID), or Refusal(RATE_LIMITED)."""
    try:
        yield
    except UpstreamFailure as failure:
        if failure.cause is Cause.UPSTREAM_UNREACHABLE:
            # The provider's keys can't be had now: nobody has sent anything wrong.
            raise
        _count(connection)
        words = failure.facts.get("description")
        raise UpstreamFailure(
            Cause.LOGOUT_INVALID, failure.detail, connection_id=connection.id, description=words, provider=connection.label
        ) from None


def _count(connection: ConnectionConfig) -> None:
    """Count a wrong message. Raises Refusal(RATE_LIMITED) where there were too many."""
    counter = counter_key("logout", f"{connection.id} {client_address()}")
    now = the_broker().ports.clock.now()
    with g.db.reading() as db:
        until = paused_until(db.one(THROTTLE_STATE, key=counter), FAULTS, now)
    if until is None:
        with g.db.writing() as db:
            until = take_try(db, counter, FAULTS, now)
    if until is not None:
        raise Refusal(
            Cause.RATE_LIMITED,
            "too many wrong messages",
            until=f"{until:%H:%M} UTC",
            connection_id=connection.id,
            is_unrecorded=True,
        )


def end_once(connection: ConnectionConfig, once: Once, by: str, ending: Ending) -> None:
    """End what a message names, the first time that it comes. This browser's own session may be among it."""
    person, now = present_session(), the_broker().ports.clock.now()
    mark = digest(f"{connection.id} {once.name}")
    try:
        with g.db.writing() as db:
            db.run(USE_ASSERTION, id=mark, connection_id=connection.id, expires_at=once.until)
            ended = ending(db, now)
            note_ended(db, ended, connection.id, by, client_address(), now)
    except IntegrityError:
        raise UpstreamFailure(Cause.ASSERTION_REPLAYED, "replay") from None
    if person is not None and person.get_id() in {row.id for row in ended}:
        g.new_session_cookie = ""
        note_sign_out()
