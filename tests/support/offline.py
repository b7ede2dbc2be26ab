"""A machine from which nothing can be reached: every attempt at the outside raises, and is noted."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy.engine import make_url


class Unreachable(OSError):
    """Somebody tried to reach the outside."""


@contextmanager
def offline(database_url: str) -> Iterator[list[str]]:
    """No name is resolved and no socket connected, but to the database. Gives what was tried."""
    tried: list[str] = []
    url = make_url(database_url)
    real = socket.socket.connect

    def connect(self: socket.socket, address: object) -> None:
        if isinstance(address, str) or (isinstance(address, tuple) and address[:2] == (url.host, url.port)):
            return real(self, address)
        tried.append(f"connect {address}")
        raise Unreachable(f"connect {address}")

    def refuse(name: str):
        def refused(*arguments: object, **_: object) -> None:
            tried.append(f"{name} {arguments[:2]}")
            raise Unreachable(name)

        return refused

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", connect)
        for name in ("connect_ex", "sendto"):
            patch.setattr(socket.socket, name, refuse(name))
        for name in ("getaddrinfo", "gethostbyname", "create_connection"):
            patch.setattr(socket, name, refuse(name))
        yield tried
