"""Structured logs: one JSON object a line, one line a request, no secrets.

The route's rule is logged and never the path or the query: an invitation's token stands in a path (IR-05).
"""

import logging
import sys
from time import perf_counter

import structlog
from flask import Flask, Response, g, request

from broker.flow import current_flow
from broker.tenancy import client_address

log = structlog.get_logger()


def configure_logs(level: str) -> None:
    """Send structlog's lines to standard error as JSON from `level` on."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level.upper())),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )


def init_logs(app: Flask) -> None:
    """Log each request when it is answered."""
    app.before_request(_start)
    app.after_request(_finish)


def _start() -> None:
    g.started_at = perf_counter()


def _finish(response: Response) -> Response:
    flow = current_flow()
    log.info(
        "request",
        method=request.method[:20],
        rule=str(request.url_rule) if request.url_rule else None,
        status=response.status_code,
        ms=round((perf_counter() - g.get("started_at", perf_counter())) * 1000, 1),
        tenant=g.tenant.slug if g.get("tenant") else None,
        address=client_address(),
        reference=flow.reference if flow else None,
    )
    return response
