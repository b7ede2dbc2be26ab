"""What somebody else does between two statements of one request."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sqlalchemy import event

from tests.factories import Home


@contextmanager
def after_look(home: Home, table: str, act: Callable[[], object]) -> Iterator[None]:
    """Let `act` happen right after the first statement that reads this table, once. It has to have happened by the end."""
    engine, done = home.broker.db.engine, []

    def on_statement(connection, cursor, statement, parameters, context, executemany):
        if not done and statement.startswith("SELECT") and f"FROM {table}" in statement:
            done.append(statement)
            act()

    event.listen(engine, "after_cursor_execute", on_statement)
    try:
        yield
    finally:
        event.remove(engine, "after_cursor_execute", on_statement)
    assert done, f"nobody looked at {table}"
