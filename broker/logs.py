"""Structured logs: one JSON object a line, one line a request, no secrets.

The route's rule is logged and never the path or the query: an invitation's token stands in a path (IR-05).
"""

import logging
import sys
from contextlib import suppress
from time import perf_counter
from typing import Any

import structlog
from flask import Flask, Response, g, request
from structlog.typing import EventDict

log = structlog.get_logger()


_LEVELS = {name.lower(): level for name, level in logging.getLevelNamesMapping().items()} | {"exception": logging.ERROR}


class _FromLevel:
    """Drops the lines below a level. Loggers are kept once used, so what a later application sets has to stand here."""

    level = logging.INFO

    def __call__(self, _: object, name: str, line: EventDict) -> EventDict:
        if _LEVELS[name] < self.level:
            raise structlog.DropEvent
        return line


_FROM_LEVEL = _FromLevel()
# One list for good: loggers keep it, and tests look into what goes through it.
_PROCESSORS: list[Any] = [
    _FROM_LEVEL,
    structlog.contextvars.merge_contextvars,
    structlog.processors.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.format_exc_info,
    structlog.processors.JSONRenderer(),
]


def configure_logs(level: str) -> None:
    """Send structlog's lines to standard error as JSON from `level` on."""
    _FROM_LEVEL.level = logging.getLevelNamesMapping()[level.upper()]
    structlog.configure(
        processors=_PROCESSORS,
        wrapper_class=structlog.make_filtering_bound_logger(logging.DEBUG),
        logger_factory=_one_write,
        cache_logger_on_first_use=True,
    )


class _Lines:
    """Writes each line at once: standard error is line-buffered, so one write is one system call and needs no lock."""

    def msg(self, line: str) -> None:
        # A log that can't be written must not stop a sign-in; the audit log is elsewhere.
        with suppress(OSError, ValueError):
            sys.stderr.write(f"{line}\n")

    debug = info = warning = error = critical = exception = msg


def _one_write(*_: object) -> _Lines:
    return _Lines()


def init_logs(app: Flask) -> None:
    """Log each request when it is answered."""
    app.before_request(_start)
    app.after_request(_finish)


def _start() -> None:
    g.started_at = perf_counter()


def _finish(response: Response) -> Response:
    here, now = g._get_current_object(), request._get_current_object()  # type: ignore[attr-defined]  # proxies
    flow, tenant, rule = here.get("flow"), here.get("tenant"), now.url_rule
    log_request(
        now.method[:20],
        str(rule) if rule else None,
        response.status_code,
        here.get("started_at") or perf_counter(),
        tenant.slug if tenant else None,
        now.remote_addr or "",
        flow.reference if flow else None,
    )
    return response


def log_request(
    method: str,
    rule: str | None,
    status: int,
    started_at: float,
    tenant: str | None,
    address: str,
    reference: str | None = None,
) -> None:
    """The line of one request; `started_at` by `perf_counter`."""
    log.info(
        "request",
        method=method,
        rule=rule,
        status=status,
        ms=round((perf_counter() - started_at) * 1000, 1),
        tenant=tenant,
        address=address,
        reference=reference,
    )
