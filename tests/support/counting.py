"""What a piece of work asks of the database: its statements and its commits."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from sqlalchemy import Engine, event

# The frame of a transaction and the tenant's mark in it are no statements of ours (design.md, section 7).
_FRAME = re.compile(r"\s*(BEGIN|COMMIT|ROLLBACK|SAVEPOINT|RELEASE|PRAGMA|SELECT\s+set_config)\b", re.IGNORECASE)


@dataclass
class Count:
    """`statements` holds their texts in order, so that a failed assertion shows what ran; `commits` is a number."""

    statements: list[str] = field(default_factory=list)
    commits: int = 0

    def __len__(self) -> int:
        return len(self.statements)


@contextmanager
def counted(engine: Engine) -> Iterator[Count]:
    """Count on one engine, whichever thread works."""
    count = Count()

    def on_statement(connection, cursor, statement, parameters, context, executemany):
        if not _FRAME.match(statement):
            count.statements.append(statement)

    def on_commit(connection):
        count.commits += 1

    listeners = (("before_cursor_execute", on_statement), ("commit", on_commit))
    for name, listener in listeners:
        event.listen(engine, name, listener)
    try:
        yield count
    finally:
        for name, listener in listeners:
            event.remove(engine, name, listener)
