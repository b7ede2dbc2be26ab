"""Processes of the run: each started on its core, waited for, watched and ended by its id."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from bench.wire import BenchError, Request, ask

ROOT = Path(__file__).resolve().parent.parent
_PATIENCE_SECONDS = 30.0
_POLL_SECONDS = 0.01
_END_SECONDS = 10.0
_MEBI = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Cores:
    """Where the servers run and where the load does; the same where the machine gives us only one."""

    server: int
    load: int

    @classmethod
    def here(cls) -> "Cores":
        allowed = sorted(os.sched_getaffinity(0))
        return cls(server=allowed[-1], load=allowed[0])


@dataclass(slots=True)
class Server:
    """A running server: its main process and the workers below."""

    process: psutil.Process
    address: tuple[str, int]
    start_seconds: float = 0.0

    def cpu_seconds(self) -> float:
        """What it and its children have used so far."""
        times = [one.cpu_times() for one in self._family()]
        return sum(one.user + one.system for one in times)

    def memory_mib(self) -> float:
        """Resident memory of its largest process, which is the worker."""
        return max(one.memory_info().rss for one in self._family()) / _MEBI

    def _family(self) -> list[psutil.Process]:
        return [self.process, *self.process.children(recursive=True)]


@contextmanager
def running(command: Sequence[str], port: int, ready: str, *, core: int, log: Path) -> Iterator[Server]:
    """Start a Python command on a core; it is there when `ready` answers 200. Ends it whatever happens."""
    began = time.perf_counter()
    with log.open("wb") as output, on_core(core):
        child = subprocess.Popen([sys.executable, *command], cwd=ROOT, stdout=output, stderr=subprocess.STDOUT)
    try:
        server = Server(psutil.Process(child.pid), ("127.0.0.1", port))
        _wait(child, server, ready, log)
        server.start_seconds = time.perf_counter() - began
        yield server
    finally:
        _end(child)


@contextmanager
def on_core(core: int) -> Iterator[None]:
    """What is started inside runs on this core: children inherit it."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on now."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [sock.getsockname()[1] for sock in sockets]
    for sock in sockets:
        sock.close()
    return ports


def _end(child: subprocess.Popen[bytes]) -> None:
    """Gently first. No worker stays behind, or the next server on the port would share it with that one."""
    workers = psutil.Process(child.pid).children(recursive=True) if child.poll() is None else []
    child.terminate()
    try:
        child.wait(_END_SECONDS)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
    for worker in psutil.wait_procs(workers, timeout=1)[1]:
        worker.kill()


def _wait(child: subprocess.Popen[bytes], server: Server, ready: str, log: Path) -> None:
    until = time.monotonic() + _PATIENCE_SECONDS
    while not _answers(server.address, ready):
        if child.poll() is not None or time.monotonic() > until:
            raise BenchError(f"a server did not start:\n{log.read_text(errors='replace')[-2000:]}")
        time.sleep(_POLL_SECONDS)


def _answers(address: tuple[str, int], path: str) -> bool:
    try:
        return ask(address, Request(path)).status == 200
    except OSError:
        return False
