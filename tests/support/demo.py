"""The demo as tests start it, on ports that are free."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Self

import psutil

from broker.demo.places import PORTS_USED, ROOT, places_from
from tests.browser import Browser
from tests.support.remote import remote

# Below the range from which the system gives ports to anybody who asks (32768 on Linux).
_LOWEST, _HIGHEST = 20000, 32000


def free_ports() -> int:
    """The first port of as many free ones in a row as a demo needs. Each worker of a test run looks elsewhere."""
    rooms = (_HIGHEST - _LOWEST) // PORTS_USED
    for step in range(rooms):
        base = _LOWEST + (os.getpid() * 7 + step) % rooms * PORTS_USED
        if all(_is_free(base + offset) for offset in range(PORTS_USED)):
            return base
    raise AssertionError("no free ports")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


class RunningDemo:
    """`python -m broker.demo` as a process group of its own, as a terminal makes one for `make demo`."""

    def __init__(self, folder: Path, port: int | None = None) -> None:
        self._environment = {"PORT": str(port or free_ports()), "DEMO_FOLDER": str(folder)}
        self.places = places_from(self._environment)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._process.poll() is None:
            self.end(signal.SIGINT)

    def start(self, until: str = "Ctrl-C ends it") -> None:
        """Once more, where it has ended. Waits for these words of its, which stand under the table of what to open."""
        self._process = subprocess.Popen(
            [sys.executable, "-m", "broker.demo"],
            cwd=ROOT,
            env=os.environ | self._environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self.shown = ""
        while until not in self.shown:
            line = self._process.stdout.readline()
            if not line:
                self._process.stdout.close()
                raise AssertionError(f"the demo ended with {self._process.wait()}:\n{self.shown}")
            self.shown += line

    def end(self, number: int, *, whole_group: bool = False) -> int:
        """Send a signal, to all its processes as Ctrl-C does or to the parent alone; the exit code."""
        if whole_group:
            os.killpg(self._process.pid, number)
        else:
            os.kill(self._process.pid, number)
        self.shown += self._process.stdout.read()
        self._process.stdout.close()
        return self._process.wait(30)

    def processes(self) -> list[int]:
        """The ids of everything that runs in its group."""
        return [process.pid for process in psutil.process_iter() if _group_of(process.pid) == self._process.pid]

    def browser(self) -> Browser:
        """A new browser that can reach the broker and all peers."""
        here = self.places
        providers, applications = (
            (here.entra, here.google, here.works),
            (here.travel, here.desk, here.payroll, here.shifts, here.kudos),
        )
        peers = (*providers, *applications, here.mailbox, here.helper)
        return Browser(remote, here.broker, others=dict.fromkeys(peers, remote))


def _group_of(pid: int) -> int | None:
    try:
        return os.getpgid(pid)
    except ProcessLookupError:
        return None
