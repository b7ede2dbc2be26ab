"""What a path looks at in what comes back: something else than it wants ends the run."""

import re
from urllib.parse import urlsplit

from bench.wire import BenchError, Reply

_TITLE = re.compile(rb"<title>([^<]*)")
_CSRF = re.compile(rb'name="csrf_token"[^>]*value="([^"]+)"')


def ok(reply: Reply) -> Reply:
    require(reply.status == 200, "200", reply)
    return reply


def sent_on(reply: Reply, where: str) -> str:
    require(reply.status in (302, 303) and where in reply.location, f"a redirect to {where}", reply)
    return reply.location


def csrf_of(page: Reply) -> str:
    found = _CSRF.search(ok(page).body)
    if found is None:
        raise BenchError("no form on the page")
    return found[1].decode()


def path_of(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.path}?{parts.query}" if parts.query else parts.path


def require(holds: bool, wanted: str, reply: Reply | None = None) -> None:
    if holds:
        return
    came = ""
    if reply is not None:
        title = _TITLE.search(reply.body)
        said = title[1] if title else reply.body[:200]
        came = f"; it was {reply.status} {reply.location} {said.decode(errors='replace')}"
    raise BenchError(f"{wanted} was wanted{came}")
