"""The database, and the locks that keep tenants apart: forgetting the tenant fails, it does not leak.

- A `TenantSession` is born with its tenant and never switched. ORM queries get the tenant's predicate added, what
  cannot be confined is refused, and a flush refuses objects of another tenant.
- Hot paths run `Scoped` statements (tenants/statements.py), which carry the predicate themselves.
- On PostgreSQL, row-level security repeats the same rule inside the database.
- `platform()` is the only way across tenants; each use leaves a row with its reason.

Transactions are short and explicit: `with db.tenant(id).writing() as s:` commits at its end and rolls back on a
raise. Nothing else of ours may be slow inside: no HTTP, DNS, hashing or XML (design.md, section 5).
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any, NoReturn, cast

from sqlalchemy import ColumnElement, Row, event, literal, select, text
from sqlalchemy.engine import URL, Connection, make_url
from sqlalchemy.orm import ORMExecuteState, Session, with_loader_criteria

from tenants.base import Base, TenantScoped
from tenants.confinement import require_confinable
from tenants.engine import Links, Writer, connected, make_engine
from tenants.platform_log import note_work
from tenants.prepared import Answer
from tenants.statements import TENANT_PARAMETER, Platform, Scoped
from tenants.tenants import Tenant
from tenants.vault import Vault

_TENANT_NAMES = frozenset({TENANT_PARAMETER, "tenant_id"})


class ScopeError(Exception):
    """A query or an object that is not confined to the session's tenant: a mistake in the code, never a person's."""


class TenantSession(Session):
    """A session of one tenant, for its whole life. What only the ORM needs of it is made when the ORM asks."""

    tenant_id: str

    def __init__(self, connection: Connection, tenant_id: str, vault: Vault | None = None) -> None:
        self._link = connection
        self._vault = vault
        self.tenant_id = tenant_id

    def __getattr__(self, name: str) -> Any:
        if self._is_made():
            raise AttributeError(name)
        if not self._link.in_transaction():
            self._root = self._link.begin()
        super().__init__(bind=self._link, expire_on_commit=False, autoflush=True)
        return getattr(self, name)

    def require_whole(self) -> None:
        """Raises InvalidRequestError where the ORM has rolled back on the way: there would be less to commit than was done."""
        root = self.__dict__.get("_root")
        if root is not None and not root.is_active:
            root.commit()

    def _is_made(self) -> bool:
        return "identity_map" in self.__dict__

    def flush(self, objects: Sequence[Any] | None = None) -> None:
        if self._is_made():
            super().flush(objects)

    def close(self) -> None:
        if self._is_made():
            super().close()

    def sign(self, content: bytes) -> str | None:
        """A signature of the process that writes this, for entries of the log; none where it has no master key."""
        return self._vault.sign(content) if self._vault else None

    def one(self, statement: Scoped, **parameters: Any) -> Row[Any] | None:
        """The first row that a prepared statement gives (for UPDATE … RETURNING too), or None."""
        rows = self._run(statement, parameters, is_first=True).rows
        return rows[0] if rows else None

    def all(self, statement: Scoped, **parameters: Any) -> Sequence[Row[Any]]:
        """All rows that a prepared statement gives; the statement itself bounds how many."""
        return self._run(statement, parameters).rows

    def run(self, statement: Scoped, **parameters: Any) -> int:
        """Run a prepared write; the count of rows it changed is the answer to 'did I get it?'."""
        return self._run(statement, parameters).rowcount

    def run_each(self, statement: Scoped, rows: Sequence[Mapping[str, Any]]) -> None:
        """Run a prepared write for each of these rows, in one go."""
        if not rows:
            return
        bound = [self._bound(row) for row in rows]
        self.flush()
        self._link.execute(statement.for_dialect(self._link.dialect.name), bound)

    def touch_configuration(self) -> None:
        """Count the tenant's configuration up, so that every process drops its kept copy."""
        tenants = Tenant.__table__
        version = tenants.c.config_version
        self._link.execute(cast(Any, tenants).update().where(tenants.c.id == self.tenant_id).values(config_version=version + 1))

    def bulk_save_objects(self, *_: object, **__: object) -> NoReturn:
        """Refused, as its two relatives: they go round the flush, which is where objects are looked at."""
        raise ScopeError("bulk helpers are not confined to a tenant")

    bulk_insert_mappings = bulk_update_mappings = bulk_save_objects

    def _bound(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        if not _TENANT_NAMES.isdisjoint(parameters):
            raise ScopeError("the tenant of a statement is the session's")
        return {**parameters, TENANT_PARAMETER: self.tenant_id}

    def _run(self, statement: Scoped, parameters: dict[str, Any], *, is_first: bool = False) -> Answer:
        bound = self._bound(parameters)
        self.flush()
        # Straight to the driver: the ways there through session and connection cost more than the statement.
        prepared = statement.prepared_for(self._link.dialect, bound)
        if prepared is not None:
            return prepared.run(self._link, bound, is_first=is_first)
        result = self._link.execute(statement.for_dialect(self._link.dialect.name), bound)
        return Answer(result.all() if result.returns_rows else (), result.rowcount)


class PlatformSession(Session):
    """A session across tenants, for the operator's work. Made by `Database.platform()` only."""


class OwnSession(Session):
    """A session on tables of the platform alone. Made by `Database.own_tables()` only."""

    vault: Vault | None


@event.listens_for(OwnSession, "do_orm_execute")
def _keep_off_tenants(state: ORMExecuteState) -> None:
    if any(issubclass(mapper.class_, TenantScoped) for mapper in state.all_mappers) or not state.is_orm_statement:
        raise ScopeError("rows of tenants are for a tenant's session, or for platform()")


@event.listens_for(TenantSession, "do_orm_execute")
def _confine_query(state: ORMExecuteState) -> None:
    # An UPDATE with a list of values goes by their keys, and no criterion is added to it.
    if not state.is_orm_statement or state.is_insert or (state.is_update and state.parameters):
        raise ScopeError("this statement cannot be confined to a tenant; use ORM entities or a scoped() statement")
    try:
        require_confinable(state.statement)
    except ValueError as error:
        raise ScopeError(str(error)) from None
    tenant_id = cast(TenantSession, state.session).tenant_id
    state.statement = state.statement.options(
        with_loader_criteria(TenantScoped, lambda cls: cls.tenant_id == tenant_id, include_aliases=True)
    )


@event.listens_for(TenantSession, "before_flush")
def _confine_flush(session: TenantSession, context: object, instances: object) -> None:
    for changed in (*session.new, *session.dirty, *session.deleted):
        if not isinstance(changed, TenantScoped):
            raise ScopeError(f"{type(changed).__name__} does not belong to a tenant")
        if changed.tenant_id is None:
            changed.tenant_id = session.tenant_id
        if changed.tenant_id != session.tenant_id:
            raise ScopeError(f"a {type(changed).__name__} of another tenant")


class TenantDatabase:
    """One tenant's rows: hands out sessions that can reach nothing else."""

    def __init__(self, writer: Writer, tenant_id: str) -> None:
        self._writer = writer
        self.tenant_id = tenant_id

    @contextmanager
    def reading(self) -> Iterator[TenantSession]:
        """A read-only unit of work: whatever it changed is rolled back at its end."""
        with (
            connected(self._writer.links, tenant=self.tenant_id) as connection,
            TenantSession(connection, self.tenant_id) as session,
        ):
            yield session

    @contextmanager
    def writing(self, *, is_durable: bool = True) -> Iterator[TenantSession]:
        """A unit of work that commits at its end and rolls back on a raise.

        Not `is_durable`: it doesn't wait for the disk. A power cut may take it back, the end of a process never, and
        the next durable one keeps it too. For what may be lost so: counts of tries, and how far an attempt has come.
        """
        writer = self._writer
        with (
            writer.turn,
            connected(writer.links, is_write=True, is_durable=is_durable, commits=True, tenant=self.tenant_id) as connection,
            TenantSession(connection, self.tenant_id, writer.vault) as session,
        ):
            yield session
            session.flush()
            session.require_whole()


class Database:
    """The engine and the ways to a session: a tenant's, the directory's reads, the platform's."""

    def __init__(self, url: str, pool_size: int = 16, vault: Vault | None = None) -> None:
        """`vault` signs what is written to the logs (tenants/chains.py)."""
        self.url: URL = make_url(url)
        self.engine = make_engine(self.url, pool_size)
        self.links = Links(self.engine, pool_size)
        self.writer = Writer(self.links, vault)

    @property
    def is_sqlite(self) -> bool:
        return self.engine.dialect.name == "sqlite"

    @property
    def vault(self) -> Vault | None:
        """What signs entries of the logs."""
        return self.writer.vault

    def tenant(self, tenant_id: str) -> TenantDatabase:
        """The database as one tenant sees it."""
        if not tenant_id:
            raise ScopeError("a tenant's database needs a tenant")
        return TenantDatabase(self.writer, tenant_id)

    def look_up(self, statement: Platform, **parameters: Any) -> Sequence[Row[Any]]:
        """Read platform tables (tenants, hosts, proofs) without a tenant."""
        with connected(self.links) as connection:
            return connection.execute(statement.statement, parameters).all()

    def has_row(self, model: type[Base], condition: ColumnElement[bool]) -> bool:
        """Is there such a row, of whatever tenant? Gives yes or no and no row, so it leaves no event."""
        with connected(self.links, platform="on") as connection:
            return connection.execute(select(literal(1)).select_from(model).where(condition).limit(1)).first() is not None

    def tenants_with(self, model: type[TenantScoped], condition: ColumnElement[bool], limit: int) -> list[str]:
        """The ids of some tenants that have such a row. Gives no row, so it leaves no event."""
        with connected(self.links, platform="on") as connection:
            found = select(model.tenant_id).where(condition).distinct().limit(limit)
            return list(connection.execute(found).scalars())

    @contextmanager
    def own_tables(self) -> Iterator["OwnSession"]:
        """A unit of work on what belongs to the platform itself: reaches no row of a tenant, so it leaves no event."""
        with self.writer.begin() as connection, OwnSession(connection, expire_on_commit=False) as session:
            session.vault = self.writer.vault
            yield session
            session.flush()

    @contextmanager
    def platform(self, reason: str, now: datetime) -> Iterator[PlatformSession]:
        """A unit of work across tenants; leaves a row that says why. Commits at its end, rolls back on a raise."""
        with self.writer.begin(platform="on") as connection, PlatformSession(connection, expire_on_commit=False) as session:
            note_work(session, self.writer.vault, reason, now)
            yield session
            session.flush()

    @contextmanager
    def operating(self, tenant_id: str, reason: str, now: datetime) -> Iterator[tuple[PlatformSession, TenantSession]]:
        """Both sides of one tenant in one transaction: its platform rows (tenant, hosts, proofs) and its own.

        For the operator's work; leaves a row that says why. Commits at its end, rolls back on a raise.
        """
        with (
            self.writer.begin(platform="on", tenant=tenant_id) as connection,
            PlatformSession(connection, expire_on_commit=False) as platform,
            TenantSession(connection, tenant_id, self.writer.vault) as session,
        ):
            note_work(platform, self.writer.vault, reason, now)
            yield platform, session
            platform.flush()
            session.flush()

    def bypasses_row_security(self) -> bool:
        """Would this role see every row in spite of row-level security? (PostgreSQL superusers and the like)"""
        if self.is_sqlite:
            return False
        query = text("SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user")
        with self.engine.connect() as connection:
            return bool(connection.execute(query).scalar())

    def dispose(self) -> None:
        """Close all connections."""
        self.links.dispose()


__all__ = ["Base", "Database", "PlatformSession", "ScopeError", "TenantDatabase", "TenantSession"]
