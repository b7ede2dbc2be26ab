"""The parts that live as long as the process, made once and kept together at `app.extensions["broker"]`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

from flask import current_app

from broker.circuits import Circuits
from broker.hashing import Hasher
from broker.noting import Noting
from broker.ports import Ports
from broker.real_ports import real_ports
from broker.settings import Settings
from broker.shared_registrations import shared_registrations
from broker.snapshots import Snapshots
from broker.upstream.sharing import SharedRegistration
from tenants.connection_health import NOTED_EVERY
from tenants.db import Database
from tenants.migrate import is_current, migrate
from tenants.vault import Vault


@dataclass(frozen=True, slots=True)
class Broker:
    """Everything a request may need that is not the tenant's."""

    settings: Settings
    ports: Ports
    db: Database
    vault: Vault
    snapshots: Snapshots
    hasher: Hasher
    shared: Mapping[str, SharedRegistration] = field(repr=False)
    """The operator's registrations at providers, by kind."""
    circuits: Circuits
    healthy: Noting
    """Which connections were written down as working lately."""


def make_broker(settings: Settings, ports: Ports | None = None) -> Broker:
    """Wire the parts. Starts no thread until one is needed."""
    if ports is None:
        ports = real_ports(settings)
    vault = Vault(settings.master_key_bytes())
    database = Database(settings.database_url.get_secret_value(), settings.database_pool_size, vault)
    prepare_store(database)
    return Broker(
        settings=settings,
        ports=ports,
        db=database,
        vault=vault,
        snapshots=Snapshots(database, settings, ports.clock),
        hasher=Hasher(settings.hash_queue, ports.hash_cost),
        shared=shared_registrations(settings),
        circuits=Circuits(ports.clock),
        healthy=Noting(ports.clock, NOTED_EVERY),
    )


def prepare_store(database: Database) -> None:
    """A SQLite file is made and brought up to date on start; PostgreSQL is the operator's to migrate."""
    if not database.is_sqlite or database.url.database in {None, "", ":memory:"}:
        return
    Path(str(database.url.database)).parent.mkdir(parents=True, exist_ok=True)
    if not is_current(database):
        migrate(database.url.render_as_string(hide_password=False))


def the_broker() -> Broker:
    """The parts of the application that answers this request."""
    return cast(Broker, current_app.extensions["broker"])
