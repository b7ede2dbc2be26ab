"""The load generator: one thread, many kept connections, each walking its path as fast as the answers come.

A walk is a generator: it yields requests, is sent the replies, and yields LAP whenever it has come round once. What
comes before its first LAP is preparation and counts for nothing.
"""

import selectors
import socket
import time
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from types import TracebackType
from typing import Self

from bench.wire import BenchError, Reply, Request, parse


class Mark(Enum):
    """What a walk yields beside requests."""

    LAP = "lap"


LAP = Mark.LAP
Walk = Generator[Request | Mark, Reply | None, None]
Address = tuple[str, int]

_SILENCE_SECONDS = 20.0
_BYTES = 65_536


@dataclass(slots=True)
class Walker:
    """One connection's (one browser's) way; its laps in seconds go to `laps`."""

    walk: Walk
    addresses: Mapping[str, Address]
    laps: list[float]
    sockets: dict[str, socket.socket] = field(default_factory=dict)
    began_at: float = 0.0
    is_prepared: bool = False
    received: bytes = b""

    def go_on(self, reply: Reply | None) -> None:
        """Hand over the reply, and send what comes next."""
        step = next(self.walk) if reply is None else self.walk.send(reply)
        while not isinstance(step, Request):
            now = time.perf_counter()
            if self.is_prepared:
                self.laps.append(now - self.began_at)
            self.began_at, self.is_prepared = now, True
            step = next(self.walk)
        host, port = self.addresses[step.origin]
        self.sockets[step.origin].sendall(step.encoded(f"{host}:{port}"))

    def receive(self, sock: socket.socket) -> None:
        """Take what has arrived; go on when the reply is whole."""
        data = sock.recv(_BYTES)
        if not data:
            raise BenchError("the server closed a connection")
        self.received += data
        reply = parse(self.received)
        if reply is not None:
            self.received = b""
            self.go_on(reply)


class Load:
    """Walkers on their connections, and the laps that they made by kind; `with` closes the connections."""

    def __init__(self, addresses: Mapping[str, Address]) -> None:
        self._addresses = addresses
        self._selector = selectors.DefaultSelector()
        self._walkers: list[Walker] = []
        self.laps: dict[str, list[float]] = {}

    def add(self, kind: str, make: Callable[[], Walk], connections: int) -> None:
        """Let so many walkers go the same way."""
        laps = self.laps.setdefault(kind, [])
        for _ in range(connections):
            walker = Walker(make(), self._addresses, laps)
            for origin, address in self._addresses.items():
                sock = socket.create_connection(address, timeout=_SILENCE_SECONDS)
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                walker.sockets[origin] = sock
                self._selector.register(sock, selectors.EVENT_READ, walker)
            self._walkers.append(walker)

    def start(self) -> None:
        """Send the first requests, and walk until everybody is prepared."""
        for walker in self._walkers:
            walker.go_on(None)
        while not all(walker.is_prepared for walker in self._walkers):
            self._turn(_SILENCE_SECONDS)

    def run(self, seconds: float) -> float:
        """Walk on for so long; returns how long it really was. What was counted before is forgotten."""
        for laps in self.laps.values():
            laps.clear()
        began = now = time.perf_counter()
        while now - began < seconds:
            self._turn(_SILENCE_SECONDS)
            now = time.perf_counter()
        return now - began

    def _turn(self, patience: float) -> None:
        ready = self._selector.select(patience)
        if not ready:
            raise BenchError("the server fell silent")
        for key, _ in ready:
            key.data.receive(key.fileobj)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._selector.close()
        for walker in self._walkers:
            for sock in walker.sockets.values():
                sock.close()
