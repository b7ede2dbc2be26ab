"""urllib3 with one deadline over a whole exchange. Its own timeouts start again with every byte that arrives."""

import io
import socket
import time
from functools import partial
from http.client import HTTPResponse
from typing import Any

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection


class _DeadlineReader(io.RawIOBase):
    """Reads a socket, and gives up at `ends_at` even when something keeps trickling in."""

    def __init__(self, raw: io.RawIOBase, sock: socket.socket, ends_at: float) -> None:
        self._raw = raw
        self._sock = sock
        self._ends_at = ends_at

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        remaining = self._ends_at - time.monotonic()
        if remaining <= 0:
            raise TimeoutError("the answer took too long")
        self._sock.settimeout(remaining)
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()


class _PatientResponse(HTTPResponse):
    def __init__(self, sock: socket.socket, *args: Any, ends_at: float, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        self.fp = io.BufferedReader(_DeadlineReader(self.fp.detach(), sock, ends_at))


class _Patient:
    """At `_new_conn` and at `getresponse` urllib3 has put what is left of the total into `timeout`."""

    timeout: Any
    response_class: Any

    def _new_conn(self) -> socket.socket:
        started_at = time.monotonic()
        sock: socket.socket = super()._new_conn()  # type: ignore[misc]
        # The TLS handshake comes next, under the socket's timeout.
        sock.settimeout(max(0.001, self.timeout - (time.monotonic() - started_at)))
        return sock

    def getresponse(self) -> Any:
        self.response_class = partial(_PatientResponse, ends_at=time.monotonic() + self.timeout)
        return super().getresponse()  # type: ignore[misc]


class PatientHTTPConnection(_Patient, HTTPConnection):
    pass


class PatientHTTPSConnection(_Patient, HTTPSConnection):
    pass


class PatientHTTPConnectionPool(urllib3.HTTPConnectionPool):
    ConnectionCls = PatientHTTPConnection


class PatientHTTPSConnectionPool(urllib3.HTTPSConnectionPool):
    ConnectionCls = PatientHTTPSConnection
