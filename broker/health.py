"""Is the process alive, and can it work? For probes; says nothing about tenants."""

from flask import Blueprint, Response, jsonify
from sqlalchemy.exc import SQLAlchemyError

from broker.wiring import the_broker
from tenants.migrate import is_current

health = Blueprint("health", __name__)


@health.get("/healthz")
def healthz() -> Response:
    """The process answers."""
    return jsonify(status="ok")


@health.get("/readyz")
def readyz() -> Response:
    """The process can work: the database answers and has this version's tables. Mail may wait, so it is told apart."""
    try:
        problem = None if is_current(the_broker().db) else "database not migrated"
    except SQLAlchemyError:
        problem = "database does not answer"
    mail = "ok" if the_broker().ports.mailer else "not set up"
    response = jsonify(status="ok" if problem is None else problem, mail=mail)
    response.status_code = 200 if problem is None else 503
    return response
