"""Working on one connection: reading it, changing it by its versions, and testing what it says."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from flask import g
from sqlalchemy import bindparam, select

from broker.shared_registrations import completed
from broker.upstream import KINDS
from broker.upstream.kind import Finding
from broker.wiring import the_broker
from tenants.causes import BrokerError, Cause, Refusal
from tenants.connection_versions import ConnectionVersion, Values, VersionState
from tenants.connections import Connection
from tenants.consents import consented_directories
from tenants.db import TenantSession
from tenants.statements import platform
from tenants.tenants import Tenant
from tenants.version_keeping import Keeping, VersionError

_WAITING = (VersionState.DRAFT.value, VersionState.TESTED.value)
_CONFIG_VERSION = platform(select(Tenant.config_version).where(Tenant.id == bindparam("tenant_id")))


@dataclass(frozen=True, slots=True)
class Standing:
    """A connection with what its pages begin with."""

    row: Connection
    versions: tuple[ConnectionVersion, ...]
    """The newest first."""

    @property
    def waiting(self) -> ConnectionVersion | None:
        """The newest that is not in force yet."""
        found = [one for one in self.versions if one.state in _WAITING and one.number > self.row.version]
        return found[0] if found else None

    @property
    def mark(self) -> str:
        """What a form has seen: other versions make it another one."""
        newest = self.versions[0].number if self.versions else self.row.version
        return f"{self.row.version}.{newest}.{self.row.updated_at:%Y%m%d%H%M%S%f}"


@contextmanager
def keeping(by: str) -> Iterator[Keeping]:
    """Work on versions in one transaction. Raises VersionError with a sentence; nothing of it is written then."""
    with g.db.writing() as db:
        yield Keeping(db, the_broker().vault, by, the_broker().ports.clock.now())


def find_row(db: TenantSession, key: str) -> Connection:
    """One connection by its key. Raises Refusal."""
    row = db.scalars(select(Connection).where(Connection.key == key)).first()
    if row is None:
        raise unknown()
    return row


def stand(db: TenantSession, key: str) -> Standing:
    """The same with its versions. Two statements."""
    row = find_row(db, key)
    ours = select(ConnectionVersion).where(ConnectionVersion.connection_id == row.id)
    return Standing(row, tuple(db.scalars(ours.order_by(ConnectionVersion.number.desc()).limit(50))))


def locked(work: Keeping, key: str) -> Connection:
    """The same to be changed. Raises Refusal for one that is not there, or that a file manages."""
    try:
        row = work.locked(key)
    except VersionError:
        raise unknown() from None
    if row.is_file_managed:
        raise Refusal(Cause.ROLE_MISSING, "managed by a tenants file", fact="file", account_id=work.by)
    return row


def unknown() -> Refusal:
    """As for any page that is not there."""
    return Refusal(Cause.PAGE_UNKNOWN, "no such connection")


def catch_up() -> None:
    """Let this request, and this process, see what was just written."""
    rows = the_broker().db.look_up(_CONFIG_VERSION, tenant_id=g.tenant.id)
    if rows:
        g.tenant = the_broker().snapshots.at_least(g.tenant, rows[0].config_version)


def findings_of(connection_id: str, kind: str, values: Values) -> list[Finding]:
    """What the kind itself says of these values; asks the provider, outside of any transaction."""
    broker, known = the_broker(), KINDS[kind]
    try:
        options = known.options_type.model_validate({**values.config.get("options", {}), **values.secrets})
        with g.db.reading() as db:
            consented = tuple(consented_directories(db).get(connection_id, {}))
        return list(known.check(completed(known, options, consented, broker.shared), broker.ports))
    except BrokerError as error:
        return [Finding("bad", error.cause.value, error.detail or error.cause.value)]
    except ValueError:
        return [Finding("bad", "options_invalid", "These values don’t fit together.")]
