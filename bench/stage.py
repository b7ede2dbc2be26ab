"""Setting the stage as an operator would: a database, migrated; the tenants; then the servers, one after the other."""

import base64
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from bench.peer import NAME
from bench.servers import Cores, Server, running
from bench.site import Site, add_tenants, make_site
from broker.settings import Settings
from broker.wiring import make_broker
from tenants.migrate import migrate
from tests.support import postgres
from tests.support.stores import postgresql_store, sqlite_store

SLUG = "bench"
_COMMAND = Path(sys.executable).with_name("broker")
_READY = "/readyz"


@dataclass(frozen=True, slots=True)
class Data:
    """A filled database, and PostgreSQL's own process where there is one."""

    site: Site
    server: psutil.Process | None


@dataclass(frozen=True, slots=True)
class Stage:
    """Where things are: the run's folder, its cores and its ports."""

    folder: Path
    cores: Cores
    product: int
    hello: int
    peer: int

    @contextmanager
    def data(self, database: str, tenants: int) -> Iterator[Data]:
        """A new database with the sample tenant and `tenants` more; this process's environment says where it is."""
        server = None
        if database == "sqlite":
            making = sqlite_store(self.folder, "broker")
        else:
            running_server = postgres.start(os.getpid())
            server = psutil.Process(running_server.pid)
            making = postgresql_store(running_server, "bench")
        with making as store:
            migrate(store.owner_url)
            self._set_environment(store.url)
            broker = make_broker(Settings())
            try:
                site = make_site(broker, SLUG, f"http://127.0.0.1:{self.peer}/{NAME}")
                add_tenants(site, tenants)
                yield Data(site, server)
            finally:
                broker.db.dispose()

    @contextmanager
    def serving_product(self) -> Iterator[Server]:
        """`broker serve`, with what an operator gets who sets nothing more than is needed."""
        command = [str(_COMMAND), "serve", "--port", str(self.product)]
        with self._running("product", command, self.product, _READY, self.cores.server) as server:
            yield server

    @contextmanager
    def serving_hello(self) -> Iterator[Server]:
        command = ["-m", "bench.hello", "--port", str(self.hello)]
        with self._running("hello", command, self.hello, "/", self.cores.server) as server:
            yield server

    @contextmanager
    def serving_peer(self) -> Iterator[Server]:
        """The simulated identity provider shares the load's core: its work is none of ours."""
        command = ["-m", "bench.peer", str(self.peer), f"staff.{SLUG}.example"]
        ready = f"/{NAME}/.well-known/openid-configuration"
        with self._running("peer", command, self.peer, ready, self.cores.load) as server:
            yield server

    @contextmanager
    def _running(self, name: str, command: list[str], port: int, ready: str, core: int) -> Iterator[Server]:
        with running(command, port, ready, core=core, log=self.folder / f"{name}.log") as server:
            yield server

    def _set_environment(self, database_url: str) -> None:
        for name in [name for name in os.environ if name.startswith("BROKER_")]:
            del os.environ[name]
        os.environ.update(
            BROKER_BASE_URL=f"http://127.0.0.1:{self.product}",
            BROKER_DATABASE_URL=database_url,
            BROKER_MASTER_KEYS=f"bench:{base64.b64encode(os.urandom(32)).decode()}",
            BROKER_ALLOW_SHARED_ORIGIN="true",
            BROKER_ALLOW_LOOPBACK_HTTP="true",
        )
