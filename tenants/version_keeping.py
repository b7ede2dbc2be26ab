"""What is done about the versions of a connection: save a draft, activate, roll back, switch on and off.

Each function works within the caller's transaction, locks the connection first, and leaves an audit event with what was
before and after; secrets are said to have changed and no more. A connection without version rows (it is older than they
are) gets that of its present values on the way.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import select

from tenants.admins import has_own_way_admin, has_reachable_admin
from tenants.audit import Event, append
from tenants.connection_versions import (
    COLUMNS,
    RULES,
    ConnectionVersion,
    Difference,
    Values,
    VersionState,
    columns_of,
    config_of,
    differences,
    is_only_looks,
    next_number,
    objection_to_activation,
    objection_to_roll_back,
)
from tenants.connections import Connection
from tenants.db import TenantSession
from tenants.grants import settle_roles, withdraw_roles
from tenants.ids import new_id
from tenants.last_admin import SHUT_OUT, SSO_ONLY, load_admins
from tenants.vault import Place, Vault, VaultError

MAX_VERSIONS = 1000


class VersionError(ValueError):  # says what happened, as a Refusal does
    """Why something can't be done with a connection: a sentence for whoever asked."""


@dataclass(frozen=True, slots=True)
class Keeping:
    """One connection while its versions are worked on: who does it, and when."""

    session: TenantSession
    vault: Vault
    by: str
    """An account's id, `file` or `operator`."""
    now: datetime

    def locked(self, key: str) -> Connection:
        """A connection, nobody else's to change until the transaction ends. Raises VersionError."""
        row = self.session.scalars(select(Connection).where(Connection.key == key).with_for_update()).first()
        if row is None:
            raise VersionError("There is no such connection in this tenant.")
        if row.version:
            self._note_present(row)
        return row

    def versions(self, connection: Connection) -> list[ConnectionVersion]:
        """All of them, the newest first."""
        ours = select(ConnectionVersion).where(ConnectionVersion.connection_id == connection.id)
        return list(self.session.scalars(ours.order_by(ConnectionVersion.number.desc()).limit(MAX_VERSIONS)))

    def version(self, connection: Connection, number: int) -> ConnectionVersion:
        """One version by its number. Raises VersionError."""
        found = find_version(self.session, connection.id, number)
        if found is None:
            raise VersionError(f"There is no version {number} of this connection.")
        return found

    def save_draft(self, connection: Connection, values: Values, note: str = "") -> ConnectionVersion:
        """Keep values for later. Nobody signs in by them before they are activated."""
        numbers = tuple(one.number for one in self.versions(connection))
        made = self._add(connection, next_number(connection.version, numbers), VersionState.DRAFT, values, note)
        if not connection.version:
            # Nothing is in force yet and nobody can come in: what the other side is told meanwhile follows the draft.
            self._put(connection, values)
        self._append(connection, "draft saved", made.number, self._found(connection, values))
        return made

    def add_connection(self, key: str, kind: str, values: Values, note: str = "") -> ConnectionVersion:
        """A connection that is off and has nothing in force yet, with its first draft. Raises VersionError."""
        if self.session.scalars(select(Connection.id).where(Connection.key == key)).first() is not None:
            raise VersionError("There is a connection with this key already.")
        columns = columns_of(values.config)
        made_at = {"created_at": self.now, "updated_at": self.now}
        row = Connection(id=new_id("con"), key=key, kind=kind, is_enabled=False, version=0, **columns, **made_at)
        self.session.add(row)
        self.session.flush()
        return self.save_draft(row, values, note)

    def activate(self, connection: Connection, number: int, *, untested: bool = False) -> tuple[Difference, ...]:
        """Put a version in force. Who is at the provider by the one before has to start again. Raises VersionError."""
        version = self.version(connection, number)
        objection = objection_to_activation(VersionState(version.state), number, connection.version, untested=untested)
        if objection:
            raise VersionError(objection)
        how = "activated" if version.state == VersionState.TESTED else "activated untested"
        return self._bring_in(connection, version, how)

    def roll_back(self, connection: Connection, number: int, note: str = "") -> ConnectionVersion:
        """A new version with the values of one that was in force before, in force at once. Raises VersionError."""
        old = self.version(connection, number)
        objection = objection_to_roll_back(VersionState(old.state), number)
        if objection:
            raise VersionError(objection)
        return self.put_in_force(connection, self.values(old), note or f"Version {number} again", f"rolled back to {number}")

    def put_in_force(self, connection: Connection, values: Values, note: str = "", what: str = "changed") -> ConnectionVersion:
        """New values that count at once, without a test: for a roll-back, and for what has its own proof.

        Where nothing changes that a sign-in depends on, the version in force is amended.
        """
        found = self._found(connection, values)
        present = find_version(self.session, connection.id, connection.version)
        if present is not None and is_only_looks(found):
            present.config = {**present.config, **values.config}
            self._put(connection, values)
            self._append(connection, what, present.number, found)
            return present
        numbers = tuple(one.number for one in self.versions(connection))
        made = self._add(connection, next_number(connection.version, numbers), VersionState.DRAFT, values, note)
        self._bring_in(connection, made, what)
        return made

    def switch(self, connection: Connection, *, on: bool) -> bool:
        """Switch a connection on or off, at once and for sign-ins under way too. False: it was so. Raises VersionError."""
        if connection.is_enabled == on:
            return False
        if on and not connection.version:
            raise VersionError("No version of this connection is in force yet. Activate one first.")
        if not on:
            self._require_way_left(connection)
        connection.is_enabled = on
        if not on:
            withdraw_roles(self.session, connection.id, self.now)
        connection.updated_at = self.now
        self._append(connection, "switched on" if on else "switched off", connection.version, ())
        return True

    def values(self, version: ConnectionVersion) -> Values:
        """What a version consists of, its secrets opened. Raises VersionError."""
        return Values(dict(version.config), self._opened(ConnectionVersion.__tablename__, version.id, version.secrets_sealed))

    def present_values(self, connection: Connection) -> Values:
        """What is in force, as a version would have it. Secrets that don't open (their key was lost) are none."""
        columns = {name: getattr(connection, name) for name in COLUMNS}
        try:
            secrets = self._opened(Connection.__tablename__, connection.id, connection.secrets_sealed)
        except VersionError:
            secrets = {}
        return Values(config_of(columns), secrets)

    def _note_present(self, connection: Connection) -> None:
        if find_version(self.session, connection.id, connection.version) is not None:
            return
        by = "file" if connection.is_file_managed else ""
        earlier = replace(self, by=by, now=connection.updated_at)
        version = earlier._add(connection, connection.version, VersionState.ACTIVE, self.present_values(connection), "")
        version.activated_at = connection.updated_at

    def _add(self, connection: Connection, number: int, state: VersionState, values: Values, note: str) -> ConnectionVersion:
        made = new_id("ver")
        row = ConnectionVersion(
            id=made,
            connection_id=connection.id,
            number=number,
            state=state.value,
            config=dict(values.config),
            secrets_sealed=seal_secrets(self.vault, values.secrets, place_of_secrets(self.session.tenant_id, made)),
            note=note,
            made_by=self.by,
            created_at=self.now,
        )
        self.session.add(row)
        self.session.flush()
        return row

    def _bring_in(self, connection: Connection, version: ConnectionVersion, how: str) -> tuple[Difference, ...]:
        values = self.values(version)
        found = self._found(connection, values)
        before = find_version(self.session, connection.id, connection.version)
        if before is not None and before.id != version.id:
            before.state = VersionState.RETIRED.value
        version.state, version.activated_at = VersionState.ACTIVE.value, self.now
        self._put(connection, values)
        connection.version = version.number
        if RULES in {one.name for one in found}:
            settle_roles(self.session, connection.id, self.now)
        self._append(connection, how, version.number, found)
        return found

    def _put(self, connection: Connection, values: Values) -> None:
        """The values into the row that sign-ins go by; the secrets are sealed anew for that place."""
        for name, value in columns_of(values.config).items():
            setattr(connection, name, value)
        place = Place(self.session.tenant_id, Connection.__tablename__, "secrets_sealed", connection.id)
        connection.secrets_sealed = seal_secrets(self.vault, values.secrets, place)
        connection.updated_at = self.now

    def _found(self, connection: Connection, values: Values) -> tuple[Difference, ...]:
        return differences(self.present_values(connection), values)

    def _opened(self, table: str, row_id: str, sealed: str | None) -> dict[str, str]:
        if sealed is None:
            return {}
        try:
            opened: dict[str, str] = json.loads(
                self.vault.open(sealed, Place(self.session.tenant_id, table, "secrets_sealed", row_id))
            )
        except VaultError:
            raise VersionError("Its secrets don't open with BROKER_MASTER_KEYS.") from None
        return opened

    def _require_way_left(self, connection: Connection) -> None:
        """What a tenant has to configure itself by is not switched off (security.md, AC-06)."""
        admins = load_admins(self.session)
        others = select(Connection.id).where(Connection.is_enabled, Connection.id != connection.id).limit(1)
        left = replace(admins.ways, connection=self.session.scalars(others).first() is not None)
        people = admins.people.values()
        if has_reachable_admin(people, admins.ways, self.now) and not has_reachable_admin(people, left, self.now):
            raise VersionError(SHUT_OUT)
        if has_own_way_admin(people, admins.ways, self.now) and not has_own_way_admin(people, left, self.now):
            raise VersionError(SSO_ONLY)

    def _append(self, connection: Connection, what: str, number: int, found: tuple[Difference, ...]) -> None:
        """Into the audit log, and every process drops its copy of the configuration."""
        detail: dict[str, Any] = {"path": f"connections.{connection.key}", "what": what, "version": number, "by": self.by}
        detail |= {"fields": ", ".join(one.name for one in found)}
        detail |= _told(found)
        self.session.flush()
        append(self.session, Event.CONFIGURATION_CHANGED, at=self.now, connection_id=connection.id, detail=detail)
        self.session.touch_configuration()


def find_version(session: TenantSession, connection_id: str, number: int) -> ConnectionVersion | None:
    """A version of a connection by its number, or None."""
    wanted = (ConnectionVersion.connection_id == connection_id, ConnectionVersion.number == number)
    return session.scalars(select(ConnectionVersion).where(*wanted)).first()


def place_of_secrets(tenant_id: str, version_id: str) -> Place:
    """Where the secrets of a version stand."""
    return Place(tenant_id, ConnectionVersion.__tablename__, "secrets_sealed", version_id)


def seal_secrets(vault: Vault, secrets: Mapping[str, str], place: Place) -> str | None:
    """The secrets for one place: what is sealed for another does not open there."""
    return vault.seal(json.dumps(dict(secrets), sort_keys=True), place) if secrets else None


def _told(found: tuple[Difference, ...]) -> dict[str, str]:
    """Before and after, for the audit log."""
    return {f"before {one.name}": one.before or "-" for one in found if not one.is_secret} | {
        f"after {one.name}": one.after or "-" for one in found if not one.is_secret
    }
