"""Is the process alive, and can it work? For probes; says nothing about tenants."""

from flask import Blueprint, Response, jsonify, make_response, render_template
from sqlalchemy.exc import SQLAlchemyError

from broker.wiring import the_broker
from tenants.migrate import is_current

health = Blueprint("health", __name__)


@health.get("/")
def front() -> Response:
    """The platform's front page."""
    return make_response(render_template("signin/front.html"))


@health.get("/healthz")
def healthz() -> Response:
    """The process answers."""
    return jsonify(status="ok")


@health.get("/readyz")
def readyz() -> Response:
    """The process can work: the database answers and has this version's tables."""
    try:
        problem = None if is_current(the_broker().db) else "database not migrated"
    except SQLAlchemyError:
        problem = "database does not answer"
    response = jsonify(status="ok" if problem is None else problem)
    response.status_code = 200 if problem is None else 503
    return response
