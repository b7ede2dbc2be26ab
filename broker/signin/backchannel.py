"""OpenID Connect Back-Channel Logout 1.0, received: the provider's server tells ours, without the browser."""

from flask import Response, g, jsonify, request

from broker.errors import record
from broker.signin.federated import options_of
from broker.signin.heard_logout import end_once, judging
from broker.upstream import KINDS
from broker.upstream.sign_out import HearsSignOut
from broker.wiring import the_broker
from tenants.causes import BrokerError, Cause, UpstreamFailure
from tenants.snapshot import ConnectionConfig
from tenants.upstream_sessions import end_by_token

BY = "back-channel logout"


def take_logout_token(key: str) -> Response:
    """2.5 and 2.8: 200 once it is done, also where nobody was signed in; 400 for anything that is wrong."""
    connection = g.tenant.connections.get(key)
    kind = KINDS[connection.kind] if connection is not None else None
    if connection is None or not isinstance(kind, HearsSignOut):
        return _refused(400, "no such connection")
    try:
        with judging(connection):
            _take(connection, kind)
    except BrokerError as error:
        record(error)
        return _refused(429 if error.cause is Cause.RATE_LIMITED else 400, error.detail)
    response = Response(status=200)
    response.headers["Cache-Control"] = "no-store"
    return response


def _take(connection: ConnectionConfig, kind: HearsSignOut) -> None:
    """Of a connection that is switched off as well: nobody's sessions should outlive what the provider says."""
    given = request.form.getlist("logout_token")
    if len(given) != 1:
        raise UpstreamFailure(Cause.LOGOUT_INVALID, "not one logout_token")
    ports = the_broker().ports
    said = kind.read_logout_token(options_of(connection), connection.id, given[0], ports.clock.now(), ports)
    end_once(
        connection,
        said.once,
        BY,
        lambda db, now: end_by_token(db, connection.id, said.issuer, said.subject, said.sid, now),
    )


def _refused(status: int, word: str) -> Response:
    response = jsonify(error="invalid_request", error_description=word)
    response.status_code = status
    response.headers["Cache-Control"] = "no-store"
    return response
