"""Statements as the driver takes them: compiled once, then handed over with nothing of SQLAlchemy in between.

What SQLAlchemy does for each execution (look the compiled form up, make a context and a result, name the columns) costs
ten times the statement itself on SQLite. Here that is done once for each statement and set of parameters; each
execution binds the values, asks the driver, and makes rows of the same class. Listeners of the engine hear of it as of
every other statement. What needs more than that, such as a list that expands, is left to SQLAlchemy.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar, cast

from sqlalchemy import Row
from sqlalchemy.engine import Connection, Dialect
from sqlalchemy.engine.interfaces import BindTyping
from sqlalchemy.engine.result import SimpleResultMetaData
from sqlalchemy.sql.compiler import ResultColumnsEntry, SQLCompiler
from sqlalchemy.sql.expression import Executable, Select

Process = Callable[[Any], Any]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Answer:
    """What a statement gave, whole."""

    rows: Sequence[Row[Any]]
    rowcount: int


@dataclass(frozen=True, slots=True)
class _Bind:
    """One place for a value: from the parameter of this name, always the same one, or made each time by a column."""

    place: str
    parameter: str | None
    value: Any
    process: Process | None
    make: Process | None = None

    def of(self, parameters: Mapping[str, Any]) -> Any:
        if self.parameter is not None:
            value = parameters[self.parameter]
        elif self.make is not None:
            value = self.make(None)
        else:
            return self.value
        return value if self.process is None else self.process(value)


@dataclass(slots=True)
class Prepared:
    """One statement with one set of parameters."""

    sql: str
    binds: tuple[_Bind, ...]
    is_positional: bool
    columns: Sequence[ResultColumnsEntry]
    is_read: bool
    make_row: Callable[[Any], Row[Any]] | None = field(default=None)
    """Known once the driver has said of which types the columns are."""

    def run(self, connection: Connection, parameters: Mapping[str, Any], *, is_first: bool = False) -> Answer:
        """Execute it. `is_first`: of a read, no more than its first row is wanted."""
        values: Any = [
            parameters[bind.parameter] if bind.process is None and bind.parameter is not None else bind.of(parameters)
            for bind in self.binds
        ]
        if not self.is_positional:
            values = {bind.place: value for bind, value in zip(self.binds, values, strict=True)}
        if not self.columns:
            return execute(connection, self.sql, values, _counted)
        take = partial(self._take, dialect=connection.dialect, is_first=is_first and self.is_read)
        return execute(connection, self.sql, values, take)

    def _take(self, cursor: Any, *, dialect: Dialect, is_first: bool) -> Answer:
        # A write is done only when all that it returns was taken.
        found = cursor.fetchmany(1) if is_first else cursor.fetchall()
        if self.make_row is None:
            self.make_row = _row_maker(self.columns, cursor.description, dialect)
        return Answer([self.make_row(row) for row in found], cursor.rowcount)


def execute(connection: Connection, sql: str, values: Any, take: Callable[[Any], T]) -> T:
    """Ask the driver, and `take` from its cursor. Raises what SQLAlchemy raises; the engine's listeners hear of it."""
    is_heard = connection._has_events or connection.engine._has_events
    cursor = connection.connection.cursor()
    try:
        if is_heard:
            for listener in connection.dispatch.before_cursor_execute:
                sql, values = listener(connection, cursor, sql, values, None, False)
        cursor.execute(sql, values)
        if is_heard:
            for listener in connection.dispatch.after_cursor_execute:
                listener(connection, cursor, sql, values, None, False)
        taken = take(cursor)
    except BaseException as error:
        # Its own way to make one of its errors of the driver's, and to drop connections that are gone.
        connection._handle_dbapi_exception(error, sql, values, cast(Any, cursor), None)
    cursor.close()
    return taken


def _counted(cursor: Any) -> Answer:
    return Answer((), cursor.rowcount)


def no_answer(_: Any) -> None:
    """Take nothing: of a statement that only does something."""


def prepare(statement: Executable, dialect: Dialect, names: Sequence[str]) -> Prepared | None:
    """Compile a statement for parameters of these names. None: it has to go SQLAlchemy's own way."""
    compiled = cast(Any, statement).compile(dialect=dialect, column_keys=sorted(names))
    if not _is_plain(compiled, dialect):
        return None
    places = compiled.positiontup if compiled.positional else list(compiled.binds)
    binds = [_bind(compiled, place, names) for place in places]
    if None in binds:
        return None
    return Prepared(
        sql=compiled.string,
        binds=tuple(cast(list[_Bind], binds)),
        is_positional=compiled.positional,
        columns=compiled._result_columns,
        is_read=isinstance(statement, Select),
    )


def _is_plain(compiled: SQLCompiler, dialect: Dialect) -> bool:
    """Is the text complete, without values that only a running statement knows, or lists to be spelled out?"""
    columns = [entry.keyname for entry in compiled._result_columns]
    return (
        dialect.bind_typing is not BindTyping.SETINPUTSIZES
        and not compiled.post_compile_params
        and not compiled.literal_execute_params
        and not compiled.escaped_bind_names
        and not compiled.update_prefetch
        and all(_is_simple(column.default) for column in compiled.insert_prefetch)
        and len(set(columns)) == len(columns)
    )


def _is_simple(default: Any) -> bool:
    """Is a column's default a value, or a function that needs to know nothing?"""
    if not default.is_callable:
        return bool(default.is_scalar)
    try:
        default.arg(None)
    except (AttributeError, TypeError):
        return False  # it looks at the other values
    return True


def _same(value: Any, _: object) -> Any:
    return value


def _bind(compiled: SQLCompiler, place: str, names: Sequence[str]) -> _Bind | None:
    bind = compiled.binds[place]
    process = cast(Process | None, compiled._bind_processors.get(place))
    if bind.key in names:
        return _Bind(place, bind.key, None, process)
    for column in compiled.insert_prefetch:
        if column.key == place:
            default = cast(Any, column.default)
            return _Bind(place, None, None, process, default.arg if default.is_callable else partial(_same, default.arg))
    if bind.required or bind.callable is not None:
        return None  # SQLAlchemy says what is missing
    return _Bind(place, None, bind.value if process is None else process(bind.value), None)


def _row_maker(columns: Sequence[ResultColumnsEntry], description: Any, dialect: Dialect) -> Callable[[Any], Row[Any]]:
    processors = [
        column.type._cached_result_processor(dialect, told[1]) for column, told in zip(columns, description, strict=True)
    ]
    known = SimpleResultMetaData([column.keyname for column in columns])
    return partial(Row, known, processors if any(processors) else None, known._key_to_index)
