"""`broker serve`, `migrate`, `keys` and `doctor`: what starts, what refuses to, and what it says."""

import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from granian import Granian
from granian.constants import Interfaces
from sqlalchemy import make_url

from tenants.db import Database
from tests.peers.oidc import CLIENT_SECRET, OidcPeer
from tests.support.clock import FakeClock
from tests.support.commands import environment, run
from tests.support.manifests import CONNECTION, SMALL, Desk, new_slug
from tests.support.postgres import SUPERUSER
from tests.support.served import served
from tests.support.stores import Store
from tests.test_repository import ROOT


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The servers that were ready to listen; none of them does, and each returns at once, as after a signal."""
    servers: list[Any] = []
    monkeypatch.setattr(Granian, "serve", lambda server: servers.append(server))  # bound to each server
    return servers


@pytest.fixture
def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def home(fresh_store: Store) -> Store:
    """A migrated database with nobody in it."""
    return fresh_store


@pytest.fixture
def desk(home: Store, tmp_path: Path) -> Iterator[Desk]:
    """A tenants file for that database."""
    database = Database(home.url)
    yield Desk(database, tmp_path, new_slug())
    database.dispose()


def test_serve_starts_one_worker(started: list[Any], home: Store, free_port: int) -> None:
    told = run("serve", "--port", free_port, **environment(home.url))
    assert (told.exit_code, told.stdout) == (0, "")
    assert "/operator/set-up/" in told.stderr
    [server] = started
    assert (server.target, server.factory, server.interface) == ("broker.served:make_served_app", True, Interfaces.WSGI)
    assert server.workers == 1
    assert (server.bind_addr, server.bind_port) == ("127.0.0.1", free_port)


def test_serve_refuses_a_second_tenant_in_path_form(started: list[Any], home: Store, free_port: int, desk: Desk) -> None:
    variables = environment(home.url, ALLOW_SHARED_ORIGIN="false")
    desk.apply(SMALL)
    assert run("serve", "--port", free_port, **variables).exit_code == 0
    replace(desk, slug=new_slug()).apply(SMALL)
    started.clear()
    told = run("serve", "--port", free_port, **variables)
    assert told.exit_code == 1
    assert told.stderr.startswith("Error: More than one tenant has its address in path form (/t/<slug>)")
    assert started == []
    allowed = variables | {"BROKER_ALLOW_SHARED_ORIGIN": "true"}
    assert run("serve", "--port", free_port, **allowed).exit_code == 0


@pytest.mark.parametrize("backend", ["postgresql"], indirect=True)
def test_op01_serve_refuses_a_role_that_row_security_does_not_bind(
    started: list[Any], home: Store, postgres_server: Any, free_port: int
) -> None:
    name = make_url(home.url).database
    told = run("serve", "--port", free_port, **environment(postgres_server.url(SUPERUSER, name)))
    assert told.exit_code == 1
    assert "sees every row in spite of row-level security" in told.stderr
    assert started == []


UNSAFE = {
    "nothing set": ({}, ["BROKER_BASE_URL: is missing", "BROKER_MASTER_KEYS: is missing"]),
    "http on a public host": (
        {"BROKER_BASE_URL": "http://login.example"},
        ["BROKER_BASE_URL: plain http is for loopback only; use https", "BROKER_MASTER_KEYS: is missing"],
    ),
    "a short key": (
        {"BROKER_BASE_URL": "https://login.example", "BROKER_MASTER_KEYS": "a:c2hvcnQtY2FuYXJ5"},
        ["master_keys: key a has 12 bytes; 32 random ones are needed"],
    ),
    "a key of one byte": (
        {"BROKER_BASE_URL": "https://login.example", "BROKER_MASTER_KEYS": f"a:{'AAAA' * 10}AAA="},
        ["master_keys: key a is not random; make one with `broker keys new`"],
    ),
}


@pytest.mark.parametrize(("variables", "lines"), UNSAFE.values(), ids=UNSAFE.keys())
@pytest.mark.parametrize("command", ["serve", "migrate", "doctor"])
def test_op01_unsafe_settings_are_refused_by_name_and_without_their_value(
    started: list[Any], command: str, variables: dict[str, str], lines: list[str]
) -> None:
    told = run(command, **variables)
    assert told.exit_code == 1
    assert [line.strip() for line in told.stderr.splitlines()] == ["Error: The settings are not right:", *lines]
    assert "c2hvcnQ" not in told.output
    assert started == []


def test_a_port_in_use_is_named(started: list[Any], home: Store) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        told = run("serve", "--port", port, **environment(home.url))
    assert (told.exit_code, told.stderr) == (1, f"Error: Can't listen on 127.0.0.1 port {port}: Address already in use.\n")
    assert started == []


def test_a_database_that_does_not_answer_is_one_line(started: list[Any]) -> None:
    variables = environment("postgresql+psycopg://nobody:canary@127.0.0.1:1/none")
    for command in ("serve", "migrate", "doctor"):
        told = run(command, **variables)
        assert told.exit_code == 1
        assert told.stderr.startswith("Error: The database does not answer")
        assert "canary" not in told.output
        assert len(told.stderr.splitlines()) == 1


def test_migrate_makes_the_tables_and_can_be_repeated(empty_store: Store) -> None:
    variables = environment(empty_store.url, MIGRATION_DATABASE_URL=empty_store.owner_url)
    for _ in range(2):
        told = run("migrate", **variables)
        assert (told.exit_code, told.stdout) == (0, "The database has this version's tables.\n")
    assert run("doctor", **variables).exit_code == 0


@pytest.mark.parametrize("backend", ["postgresql"], indirect=True)
def test_a_database_without_tables_is_not_served(started: list[Any], empty_store: Store, free_port: int) -> None:
    told = run("serve", "--port", free_port, **environment(empty_store.url))
    sentence = "The database has not this version's tables. Run `broker migrate` first."
    assert (told.exit_code, told.stderr) == (1, f"Error: {sentence}\n")
    assert started == []


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    told = run("migrate", **environment(f"sqlite:///{tmp_path}/file/broker.db"))
    assert told.exit_code == 1
    assert told.stderr.startswith(f"Error: The folder {tmp_path}/file can't be made")


def test_a_new_key_is_one_that_the_settings_take(home: Store) -> None:
    first, second = (run("keys", "new").stdout.strip() for _ in range(2))
    assert first != second
    assert run("doctor", **environment(home.url, MASTER_KEYS=f"{first},{second}")).exit_code == 0


def test_keys_are_rotated_with_reseal(home: Store, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("the partner's secret", encoding="utf-8")
    file = tmp_path / "tenants.toml"
    text = (SMALL + CONNECTION).replace("$t", "acme").replace('env = "CONNECTION"', 'file = "secret"')
    file.write_text(text, encoding="utf-8")
    old, new = (run("keys", "new").stdout.strip() for _ in range(2))
    both = environment(home.url, MASTER_KEYS=f"{new},{old}")
    assert run("apply", file, **environment(home.url, MASTER_KEYS=old)).exit_code == 0
    assert run("keys", "reseal", **both).stdout == "6 values sealed anew.\n"
    assert run("keys", "reseal", **both).stdout == "0 values sealed anew.\n"
    alone = run("apply", file, **environment(home.url, MASTER_KEYS=new))
    assert alone.stdout == "Nothing to change.\n"
    lost = run("keys", "reseal", **environment(home.url, MASTER_KEYS=old))
    assert (lost.exit_code, lost.stderr.count("No key opens acme: ")) == (1, 6)


def test_doctor_asks_every_connection_that_is_switched_on(home: Store, desk: Desk) -> None:
    peers: list[Any] = []
    with served(lambda environ, start: peers[0](environ, start)) as port:
        peers.append(OidcPeer(f"http://127.0.0.1:{port}", FakeClock()))
        file = desk.folder / "tenants.toml"
        text = (SMALL + CONNECTION).replace("https://login.$t.example", peers[0].issuer().issuer)
        file.write_text(text.replace("$t", desk.slug), encoding="utf-8")
        variables = environment(home.url, ALLOW_LOOPBACK_HTTP="true") | {"CONNECTION": CLIENT_SECRET}
        assert run("apply", file, **variables).exit_code == 0
        well = run("doctor", **variables)
    ill = run("doctor", **variables)
    path = f"tenants.{desk.slug}.connections.partners"
    assert well.stdout.splitlines()[0] == "ok    settings, database, tables"
    assert f"ok    {path}: The provider describes itself under the issuer that you gave." in well.stdout.splitlines()
    assert well.exit_code == 0
    assert any(line.startswith(f"bad   {path}: ") for line in ill.stdout.splitlines())
    assert ill.exit_code == 1


def test_doctor_says_when_secrets_do_not_open(home: Store, desk: Desk) -> None:
    desk.apply(SMALL + CONNECTION)  # sealed with a key that the command does not have
    told = run("doctor", **environment(home.url))
    line = f"bad   tenants.{desk.slug}.connections.partners: Its secrets don't open with BROKER_MASTER_KEYS."
    assert (told.exit_code, told.stdout.splitlines()[1]) == (1, line)


def test_command_that_shows_no_page_does_not_wait_for_the_pages() -> None:
    asked = "import sys; import broker.cli.serve; print(sorted({'broker.app', 'broker.console.routes'} & set(sys.modules)))"
    shown = subprocess.run([sys.executable, "-c", asked], cwd=ROOT, capture_output=True, text=True, check=True)
    assert shown.stdout == "[]\n"
