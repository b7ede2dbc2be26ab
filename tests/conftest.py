"""What every test may ask for: both databases, the product on them, a clock, a browser.

A test that takes `database_url`, or anything made from it, runs twice: on SQLite and on PostgreSQL. The databases live
as long as the worker, so each test makes itself a new tenant and cleans nothing up.
"""

import gc
import json
import os
import shutil
import signal
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict
from itertools import count
from pathlib import Path
from typing import Any

import fasteners
import psutil
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine

from broker import create_app
from broker.tenancy import TenantFlask
from broker.wiring import Broker, make_broker
from tenants.db import Database
from tests.browser import Browser
from tests.factories import Home, Someone
from tests.peers.entra import EntraPeer
from tests.peers.google import GooglePeer
from tests.peers.oidc import OidcPeer
from tests.peers.saml import SamlPeer
from tests.support import postgres, steps, stores
from tests.support.clock import FakeClock
from tests.support.compiled import CompiledOnce
from tests.support.counting import Count, counted
from tests.support.demo import RunningDemo
from tests.support.grouping import mark_group, turn_of
from tests.support.key_pool import share_rsa_pairs
from tests.support.memory import folder_in_memory
from tests.support.posted import Posted, posted
from tests.support.rows_chosen import chosen_rows
from tests.support.stores import NewStore, Once, Store
from tests.support.wiring import ENTRA, ORIGIN, PeerHttp, make_ports, make_settings

gc.disable()
share_rsa_pairs()
TenantFlask.jinja_options = {"bytecode_cache": CompiledOnce()}
StatementCounter = Callable[..., AbstractContextManager[Count]]


@pytest.hookimpl(wrapper=True, tryfirst=True)  # xdist reads its groups in the same hook
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> Iterator[None]:
    chosen, left = chosen_rows(items)
    if left:
        items[:] = chosen
        config.hook.pytest_deselected(items=left)
    for item in items:
        # Not by its nodeid: that would be kept as it is before xdist writes the group into it.
        mark_group(item)
    yield
    items.sort(key=turn_of)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Iterator[Any]:
    """What a test printed is wanted when it failed; else it only costs the way from the worker."""
    report = yield
    if report.passed:
        report.sections.clear()
    return report


def pytest_collection_finish() -> None:
    """Ten thousand tests are no garbage."""
    gc.freeze()
    gc.enable()


def pytest_sessionfinish(session: pytest.Session) -> None:
    """A skipped test is a test that did not run: the run fails."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter and reporter.stats.get("skipped") and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.fixture(scope="session")
def worker() -> str:
    """A name for what belongs to this worker alone."""
    return os.environ.get("PYTEST_XDIST_WORKER", "alone")


@pytest.fixture(scope="session")
def postgres_server(once: Once, worker: str) -> postgres.Server:
    """The run's one PostgreSQL server, started by the worker that first needs it. It ends with the run."""
    owner = os.getpid() if worker == "alone" else os.getppid()
    return postgres.Server(**once("server", lambda: asdict(postgres.start(owner))))


@pytest.fixture(scope="session")
def once(tmp_path_factory: pytest.TempPathFactory, worker: str) -> Once:
    """`once(name, make)`: what `make` gives (JSON), made by the first worker of the run that asks for it."""
    base = tmp_path_factory.getbasetemp()
    shared = base if worker == "alone" else base.parent

    def find_or_make(name: str, make: Callable[[], Any]) -> Any:
        note = shared / f"{name}.json"
        with fasteners.InterProcessLock(shared / f"{name}.lock"):
            if not note.exists():
                note.write_text(json.dumps(make()), encoding="utf-8")
        return json.loads(note.read_text(encoding="utf-8"))

    return find_or_make


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningDemo]:
    """`make demo`, for all who walk through it (see grouping.py), until the worst end: whoever is left has to notice."""
    with RunningDemo(tmp_path_factory.mktemp("demo")) as running:
        yield running
        processes = [psutil.Process(pid) for pid in running.processes()]
        assert len(processes) >= len(("demo", "peers", "broker"))
        running.end(signal.SIGKILL)
        _, alive = psutil.wait_procs(processes, timeout=30)
        assert alive == []


@pytest.fixture(scope="session")
def template(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, once: Once) -> Callable[[str], Any]:
    """What migrated databases of a backend are copied from: migrating takes a second, a copy hardly any time."""

    def of(backend: str) -> Any:
        if backend == "sqlite":
            return Path(once("sqlite", lambda: str(stores.sqlite_template(tmp_path_factory.mktemp("template")))))
        server = request.getfixturevalue("postgres_server")
        return once("postgresql", lambda: stores.postgresql_template(server))

    return of


@pytest.fixture(scope="session")
def new_store(request: pytest.FixtureRequest, worker: str, template: Callable[[str], Any]) -> Iterator[NewStore]:
    """Make a database of either backend, empty unless `migrated=True`; it goes when the context ends."""
    folder = folder_in_memory("broker-sqlite-")
    numbers = count(1)

    @contextmanager
    def make(backend: str, *, migrated: bool = False) -> Iterator[Store]:
        name, source = f"broker_{worker}_{next(numbers)}", template(backend) if migrated else None
        if backend == "sqlite":
            made = stores.sqlite_store(folder, name, source)
        else:
            made = stores.postgresql_store(request.getfixturevalue("postgres_server"), name, source)
        with made as store:
            yield store

    yield make
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def backend(request: pytest.FixtureRequest) -> str:
    """`sqlite` or `postgresql`: the test runs on both."""
    return request.param


@pytest.fixture(scope="session")
def store(backend: str, new_store: NewStore) -> Iterator[Store]:
    """The worker's migrated database, with the address for its owner too."""
    with new_store(backend, migrated=True) as made:
        yield made


@pytest.fixture
def fresh_store(backend: str, new_store: NewStore) -> Iterator[Store]:
    """A migrated database of this test's own with nobody in it."""
    with new_store(backend, migrated=True) as made:
        yield made


@pytest.fixture(scope="module")
def own_store(backend: str, new_store: NewStore) -> Iterator[Store]:
    """The same for a file: what goes over all tenants, as `broker doctor` does, takes longer with all those of the worker."""
    with new_store(backend, migrated=True) as made:
        yield made


@pytest.fixture(scope="module")
def own_broker(own_store: Store, clock: FakeClock) -> Iterator[Broker]:
    """The parts of the product on `own_store`."""
    made = make_broker(make_settings(own_store.url), make_ports(clock))
    yield made
    made.db.dispose()


@pytest.fixture
def empty_store(backend: str, new_store: NewStore) -> Iterator[Store]:
    """A database of this test's own with nothing in it, for tests of migrations and of the first start."""
    with new_store(backend) as made:
        yield made


@pytest.fixture(scope="session")
def database_url(store: Store) -> str:
    """The migrated database as the product uses it: on PostgreSQL by a role without rights over the tables."""
    return store.url


@pytest.fixture(scope="session")
def clock() -> FakeClock:
    """The time of `app`. It stands still; `clock.advance(minutes=5)` moves it."""
    return FakeClock()


@pytest.fixture(scope="session")
def app(database_url: str, clock: FakeClock) -> Iterator[Flask]:
    """The whole product with `clock` as its time and `peers` as its internet."""
    made = create_app(make_settings(database_url), ports=make_ports(clock))
    yield made
    made.extensions["broker"].db.dispose()


@pytest.fixture(scope="session")
def broker(app: Flask) -> Broker:
    """The parts of `app`."""
    return app.extensions["broker"]


@pytest.fixture(scope="session")
def db(broker: Broker) -> Database:
    """The database of `app`."""
    return broker.db


@pytest.fixture(scope="session")
def peers(broker: Broker) -> PeerHttp:
    """What `app` reaches by HTTP: `peers.open("https://idp.example", wsgi_app)`."""
    return broker.ports.http


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A bare HTTP client: one request, one answer, its own cookies."""
    return app.test_client()


@pytest.fixture(scope="session")
def oidc_peer(peers: PeerHttp, clock: FakeClock) -> OidcPeer:
    """A simulated OpenID Provider that `app` and `browser` reach: `oidc_peer.issuer()` makes a test its own issuer."""
    peer = OidcPeer("https://idp.example", clock)
    peers.open(peer.origin, peer)
    return peer


@pytest.fixture(scope="session")
def entra_peer(peers: PeerHttp, clock: FakeClock) -> EntraPeer:
    """A simulated Microsoft Entra that `app` and `browser` reach: `entra_peer.directory()`."""
    peer = EntraPeer(ENTRA, clock)
    peers.open(peer.origin, peer)
    return peer


@pytest.fixture(scope="session")
def google_peer(peers: PeerHttp, clock: FakeClock) -> GooglePeer:
    """A simulated Google at Google's own addresses, which `app` and `browser` reach: `google_peer.client()`."""
    peer = GooglePeer(clock)
    for origin in (peer.origin, peer.tokens, peer.certificates):
        peers.open(origin, peer)
    return peer


@pytest.fixture(scope="session")
def saml_peer(peers: PeerHttp, clock: FakeClock) -> SamlPeer:
    """A simulated SAML identity provider that `app` and `browser` reach: `saml_peer.provider()` makes a test its own."""
    peer = SamlPeer("https://saml.example", clock)
    peers.open(peer.origin, peer)
    return peer


@pytest.fixture
def new_browser(
    app: Flask, oidc_peer: OidcPeer, entra_peer: EntraPeer, google_peer: GooglePeer, saml_peer: SamlPeer
) -> Callable[[], Browser]:
    """Makes browsers without a window that reach `app` and the simulated identity providers."""
    others = {peer.origin: peer for peer in (oidc_peer, entra_peer, google_peer, saml_peer)}
    return lambda: Browser(app, ORIGIN, others=others)


@pytest.fixture
def browser(new_browser: Callable[[], Browser]) -> Browser:
    """One of them."""
    return new_browser()


@pytest.fixture
def at_home(browser: Browser, home: Home, ada: Someone) -> Browser:
    """The browser of the file's `ada`, signed in at her `home` a moment ago."""
    return steps.sign_in(browser, home, ada)


@pytest.fixture(scope="module")
def post(database_url: str, clock: FakeClock) -> Iterator[Posted]:
    """The product with a mail server of its own: what it has sent can be read."""
    with posted(database_url, clock) as made:
        yield made


@pytest.fixture
def count_statements(request: pytest.FixtureRequest) -> StatementCounter:
    """`with count_statements() as count:` counts what `app` (or a given engine) asks of its database.

    `len(count)` is the number of statements, `count.statements` their texts, `count.commits` the commits.
    """

    def counting(engine: Engine | None = None) -> AbstractContextManager[Count]:
        return counted(engine or request.getfixturevalue("db").engine)

    return counting
