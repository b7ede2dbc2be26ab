"""The identity provider of the run, in a process of its own on the load's core. People take turns at it."""

import sys
from itertools import cycle
from typing import Any

from granian import Granian
from granian.constants import Interfaces

from broker.system import SystemClock
from tests.peers.oidc import FakeIssuer, OidcPeer
from tests.peers.people import Person

NAME = "bench"
PEOPLE = 32
SUBJECT = "bench-"
_THREADS = 4


class BusyIssuer(FakeIssuer):
    """Lets the next of its people in, without asking anybody."""

    def __init__(self, base: str, clock: Any, domain: str) -> None:
        super().__init__(base, base, clock)
        people = (Person(f"upstream{number}@{domain}", subject=f"{SUBJECT}{number}") for number in range(PEOPLE))
        self._turns = cycle(list(people))

    def approve(self, url: str, person: Person | None = None) -> str:
        return super().approve(url, person or next(self._turns))


def make_peer(origin: str, clock: Any, domain: str) -> OidcPeer:
    """The provider at `origin`, with one issuer whose people have addresses in `domain`."""
    peer = OidcPeer(origin, clock)
    peer.add(NAME, BusyIssuer(f"{origin}/{NAME}", clock, domain))
    return peer


def make_served_peer() -> OidcPeer:
    """For the server: address and domain stand in the command that started it."""
    port, domain = sys.argv[1:3]
    return make_peer(f"http://127.0.0.1:{port}", SystemClock(), domain)


if __name__ == "__main__":
    Granian(
        "bench.peer:make_served_peer",
        factory=True,
        interface=Interfaces.WSGI,
        address="127.0.0.1",
        port=int(sys.argv[1]),
        blocking_threads=_THREADS,
        websockets=False,
    ).serve()
