"""A request and a reply as the load generator needs them: few, small, and quickly made."""

import json
from dataclasses import dataclass
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlencode

PRODUCT = "product"
PEER = "peer"
"""Whom a request goes to: the server that is measured, or the simulated identity provider."""
_FORM = (("Content-Type", "application/x-www-form-urlencoded"),)


class BenchError(Exception):
    """A path does not do what its figure would claim."""


@dataclass(frozen=True, slots=True)
class Request:
    """`path` with its query. A `form` is posted; without one it is a GET."""

    path: str
    headers: tuple[tuple[str, str], ...] = ()
    form: dict[str, str] | None = None
    origin: str = PRODUCT

    @property
    def method(self) -> str:
        return "GET" if self.form is None else "POST"

    @property
    def body(self) -> str:
        return urlencode(self.form or {})

    @property
    def all_headers(self) -> tuple[tuple[str, str], ...]:
        return self.headers if self.form is None else (*self.headers, *_FORM)

    def encoded(self, host: str) -> bytes:
        """As it goes over a kept connection (RFC 9112)."""
        lines = [f"{self.method} {self.path} HTTP/1.1", f"Host: {host}"]
        lines += [f"{name}: {value}" for name, value in self.all_headers]
        if self.form is None:
            return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")
        body = self.body
        lines.append(f"Content-Length: {len(body)}")
        return ("\r\n".join(lines) + f"\r\n\r\n{body}").encode("latin-1")


@dataclass(frozen=True, slots=True)
class Reply:
    """`head` is the status line and the headers as they came."""

    status: int
    head: bytes
    body: bytes

    def headers(self, name: str) -> list[str]:
        """All values of a header."""
        fields = (line.partition(":") for line in self.head.decode("latin-1").split("\r\n")[1:])
        return [value.strip() for field, _, value in fields if field.lower() == name]

    @property
    def location(self) -> str:
        return next(iter(self.headers("location")), "")

    def cookie(self, name: str) -> str | None:
        """The value that a cookie was set to."""
        pairs = (value.partition(";")[0].partition("=") for value in self.headers("set-cookie"))
        return next((value for key, _, value in pairs if key == name), None)

    def json(self) -> dict[str, Any]:
        return json.loads(self.body)


def parse(data: bytes) -> Reply | None:
    """The whole reply, or None while something of it has not arrived."""
    end = data.find(b"\r\n\r\n")
    if end < 0:
        return None
    head = data[:end]
    status = int(head[9:12])
    length = _length(head)
    if len(data) < end + 4 + length:
        return None
    return Reply(status, head, data[end + 4 :])


def _length(head: bytes) -> int:
    lowered = head.lower()
    at = lowered.find(b"\r\ncontent-length:")
    if at >= 0:
        return int(lowered[at + 17 :].split(b"\r\n", 1)[0])
    if b"\r\ntransfer-encoding:" in lowered:
        raise BenchError("a reply in chunks, which this load generator does not read")
    return 0


def ask(address: tuple[str, int], request: Request) -> Reply:
    """One request on a connection of its own, where speed is no matter."""
    connection = HTTPConnection(*address, timeout=10)
    try:
        connection.request(request.method, request.path, request.body or None, dict(request.all_headers))
        answer = connection.getresponse()
        body = answer.read()
    finally:
        connection.close()
    return reply_of(answer.status, answer.getheaders(), body)


def reply_of(status: int, headers: list[tuple[str, str]], body: bytes) -> Reply:
    """A reply from its parts."""
    lines = [f"HTTP/1.1 {status}", *(f"{name}: {value}" for name, value in headers)]
    return Reply(status, "\r\n".join(lines).encode("latin-1"), body)
