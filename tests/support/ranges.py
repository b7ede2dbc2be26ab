"""A range service for leaked passwords, as a WSGI app: it tells what it was asked, and knows what a test says."""

import hashlib
from collections.abc import Iterable
from typing import Any

from werkzeug.wrappers import Request, Response


def sha1(password: str) -> str:
    return hashlib.sha1(password.encode(), usedforsecurity=False).hexdigest().upper()


class RangeService:
    """Knows `leaked`; `asked` holds every request's path with its headers."""

    def __init__(self, *leaked: str) -> None:
        self.leaked = set(leaked)
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.status = 200

    @property
    def paths(self) -> list[str]:
        return [path for path, _ in self.asked]

    def __call__(self, environ: Any, start_response: Any) -> Iterable[bytes]:
        request = Request(environ)
        self.asked.append((request.full_path.removesuffix("?"), dict(request.headers)))
        prefix = request.path.rpartition("/")[2]
        known = [sha1(password)[5:] + ":42" for password in self.leaked if sha1(password).startswith(prefix)]
        # Padding, as the real one sends it where it is asked for: never found anywhere.
        padding = [f"{number:035X}:0" for number in range(900)]
        body = "\r\n".join(known + padding)
        return Response(body, self.status, content_type="text/plain")(environ, start_response)
