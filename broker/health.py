"""Is the process alive, and can it work? For probes; says nothing about tenants."""

from flask import Blueprint, Response, jsonify
from sqlalchemy.exc import SQLAlchemyError

from broker.audit_chain import is_chain_broken
from broker.wiring import the_broker
from tenants.causes import Breakage
from tenants.migrate import is_current

health = Blueprint("health", __name__)


@health.get("/healthz")
def healthz() -> Response:
    """The process answers."""
    return jsonify(status="ok")


@health.get("/readyz")
def readyz() -> Response:
    """The process can work: the database answers and has this version's tables. Mail may wait, so it is told
    apart; so are a log that was tampered with and counters that don't answer, which no other process would heal."""
    try:
        problem = None if is_current(the_broker().db) else "database not migrated"
    except SQLAlchemyError:
        problem = "database does not answer"
    mail = "ok" if the_broker().ports.mailer else "not set up"
    audit = "ok" if problem or not is_chain_broken(the_broker()) else "tampered with"
    response = jsonify(status="ok" if problem is None else problem, mail=mail, audit=audit, **_counters())
    response.status_code = 200 if problem is None else 503
    return response


def _counters() -> dict[str, str]:
    """Redis, where it counts tries. Without its answer passwords and codes are refused, and all else works."""
    counters = the_broker().ports.counters
    if counters is None:
        return {}
    try:
        counters.check()
    except Breakage:
        return {"counters": "do not answer"}
    return {"counters": "ok"}
