"""The engine under tenants/db.py: how connections to either database are made, and how their transactions begin."""

import threading
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from typing import Any

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import URL, Connection
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.pool import ConnectionPoolEntry, QueuePool

from tenants.prepared import execute, no_answer
from tenants.vault import Vault

_BUSY_MILLISECONDS = 5000
_DEAD_AT_MOST = 100
"""How many connections in a row may have died while they were kept: all of a pool, after the server was restarted."""


def make_engine(url: URL, pool_size: int) -> Engine:
    """The values of statements stand in no error, and so in no log (security.md, OP-02)."""
    if url.get_backend_name() == "sqlite":
        engine = create_engine(url, poolclass=QueuePool, pool_size=pool_size, max_overflow=pool_size, hide_parameters=True)
        event.listen(engine, "connect", _prepare_sqlite)
        return engine
    return create_engine(
        url,
        pool_size=pool_size,
        max_overflow=pool_size,
        connect_args={"connect_timeout": 5},
        hide_parameters=True,
    )


class Links:
    """Connections of an engine that are open and wait for the next unit of work; the one used last goes first.

    The engine's pool bounds them, but would make SQLAlchemy's own object of each anew for every unit and reset what is
    reset already: as dear as the unit's statements. And who goes first has pages and statements at hand.
    """

    def __init__(self, engine: Engine, keep: int) -> None:
        self.engine = engine
        self._keep = keep
        self._free: deque[Connection] = deque()  # its append and pop are atomic

    @property
    def busy(self) -> int:
        """How many are in a unit of work."""
        return int(self.engine.pool.checkedout()) - len(self._free)  # type: ignore[attr-defined]  # every queue has it

    def take(self) -> Connection:
        """One that is nobody else's until it is given back."""
        try:
            return self._free.pop()
        except IndexError:
            return self.engine.connect()

    def give(self, connection: Connection) -> None:
        """It is in no transaction any more. One that died is let go."""
        if connection.invalidated or len(self._free) >= self._keep:
            connection.close()
        else:
            self._free.append(connection)

    def dispose(self) -> None:
        """Close those that wait."""
        while self._free:
            self._free.pop().close()
        self.engine.dispose()


@contextmanager
def connected(
    links: Links,
    *,
    is_write: bool = False,
    is_durable: bool = True,
    commits: bool = False,
    tenant: str | None = None,
    platform: str | None = None,
) -> Iterator[Connection]:
    """A connection in a transaction, of which on PostgreSQL row-level security knows `tenant` and `platform`.

    It ends with a rollback, unless it `commits` and nothing was raised. BEGIN is said here and not by SQLAlchemy, which
    hears of the transaction only where the ORM or one of its own executions needs to know.

    On PostgreSQL BEGIN goes there in one message with the facts. Its answer also tells whether a kept connection still lives:
    to ask for that alone (pool_pre_ping) would cost a round trip more in every transaction.
    """
    connection, is_over = links.take(), False
    try:
        if connection.dialect.name == "postgresql":
            _begin_postgresql(connection, {"tenant": tenant, "platform": platform}, is_durable=is_durable)
        else:
            _begin_sqlite(connection, is_write=is_write, is_durable=is_durable)
        yield connection
        if commits:
            _commit(connection)
            is_over = True
    finally:
        if not is_over:
            _take_back(connection)
        links.give(connection)


class Writer:
    """Begins write transactions. On SQLite one at a time for each process: its own waiting is unfair and slow.

    (Other processes are waited for by SQLite's busy timeout.)
    """

    def __init__(self, links: Links, vault: Vault | None) -> None:
        self.vault = vault
        self.links = links
        # Re-entrant, so that a unit of work inside another one fails in the database instead of standing still here.
        self.turn = threading.RLock() if links.engine.dialect.name == "sqlite" else nullcontext()

    @contextmanager
    def begin(self, *, tenant: str | None = None, platform: str | None = None) -> Iterator[Connection]:
        """A connection in a transaction that commits at the end and rolls back on a raise. For the rest: `connected`."""
        with (
            self.turn,
            connected(self.links, is_write=True, tenant=tenant, platform=platform) as connection,
            connection.begin(),
        ):
            yield connection


def _commit(connection: Connection) -> None:
    transaction = connection.get_transaction()
    if transaction is not None:
        transaction.commit()
    else:
        connection._commit_impl()


def _take_back(connection: Connection) -> None:
    """Roll back. A connection that can't is dead, and its transaction with it."""
    transaction = connection.get_transaction()
    try:
        if transaction is not None:
            transaction.rollback()
        else:
            connection._rollback_impl()
    except DBAPIError:
        connection.invalidate()


def _begin_postgresql(connection: Connection, facts: Mapping[str, str | None], *, is_durable: bool) -> None:
    psycopg: Any = connection.dialect.dbapi  # not imported here: who has SQLite need not wait for it
    for _ in range(_DEAD_AT_MOST):
        link: Any = connection.connection.dbapi_connection
        result = link.pgconn.exec_(_opening_words(psycopg.pq.Escaping(link.pgconn), facts, is_durable))
        if result.status in {psycopg.pq.ExecStatus.COMMAND_OK, psycopg.pq.ExecStatus.TUPLES_OK}:
            return
        if not link.closed:
            break
        connection.invalidate()  # nothing was done on it yet, so another one does as well
    raise OperationalError("BEGIN", None, psycopg.OperationalError(result.error_message.decode(errors="replace")))


def _opening_words(escaping: Any, facts: Mapping[str, str | None], is_durable: bool) -> bytes:
    words = [b"BEGIN"] if is_durable else [b"BEGIN", b"SET LOCAL synchronous_commit TO off"]
    for name, value in facts.items():
        if value is None:
            continue
        told = tuple(escaping.escape_literal(word.encode()) for word in (f"broker.{name}", value))
        words.append(b"SELECT set_config(%b, %b, true)" % told)
    return b"; ".join(words)


def _prepare_sqlite(connection: Any, record: ConnectionPoolEntry) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves, see _begin_sqlite
    cursor = connection.cursor()
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        f"busy_timeout={_BUSY_MILLISECONDS}",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection, *, is_write: bool, is_durable: bool) -> None:
    if not is_write:
        execute(connection, "BEGIN", (), no_answer)
        return
    # Said each time: the connection may have served the other kind before.
    execute(connection, f"PRAGMA synchronous={'FULL' if is_durable else 'NORMAL'}", (), no_answer)
    # A write starts IMMEDIATE: a read that turns into a write could fail at once when another writer came between.
    execute(connection, "BEGIN IMMEDIATE", (), no_answer)
