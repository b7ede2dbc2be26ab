"""Pushed authorization requests (RFC 9126): a request comes from the application's server, the browser brings its name.

A request is good for 90 seconds until the browser shows it, then until its person has signed in (30 minutes), and for
one code. What a sign-in has seen to is taken out of the row, as it is taken out of an address.
"""

import re
from datetime import timedelta

from flask import Response, g

from broker.downstream.oidc.answers import json_answer
from broker.downstream.oidc.asked import Asked, known_application, read_request
from broker.downstream.oidc.checks import CHECKS
from broker.downstream.oidc.clients import authenticate_client
from broker.downstream.oidc.parameters import Parameters
from broker.wiring import the_broker
from tenants.causes import Cause, ProtocolFault
from tenants.ids import digest, new_secret
from tenants.pushed_requests import LIFE, PUSH_REQUEST, PUSHED_REQUEST, SHOW_REQUEST, WAIT

PREFIX = "urn:ietf:params:oauth:request_uri:"
_SECRET = re.compile(r"[A-Za-z0-9_-]{43}")
_OF_CLIENT = ("client_secret", "client_assertion", "client_assertion_type")
_LONGEST = 20_000


def push() -> Response:
    """The endpoint. Everything that fails is raised as ProtocolFault."""
    form = Parameters.of_form()
    application = authenticate_client(form)
    if form.get("request_uri") is not None:
        raise ProtocolFault(Cause.REQUEST_INVALID, "request_uri can't be pushed", application_id=application.id)
    if form.get("client_id") not in (None, application.client_id):
        raise ProtocolFault(Cause.REQUEST_INVALID, "client_id is not that of the client", application_id=application.id)
    request = form.without(*_OF_CLIENT)
    asked = read_request(request, pushed_by=application)
    for check in CHECKS:
        check(asked)
    parameters = request.without("client_id").with_these([("client_id", application.client_id)])
    if len(parameters.encoded()) > _LONGEST:
        raise ProtocolFault(Cause.REQUEST_INVALID, "the request is too long", application_id=application.id)
    secret, now = new_secret(), the_broker().ports.clock.now()
    with g.db.writing(is_durable=False) as db:
        db.run(
            PUSH_REQUEST,
            id=digest(secret),
            application_id=application.id,
            parameters=parameters.pairs(),
            created_at=now,
            expires_at=now + LIFE,
        )
    return json_answer({"request_uri": f"{PREFIX}{secret}", "expires_in": int(LIFE / timedelta(seconds=1))}, 201)


def is_handle(request_uri: str | None) -> bool:
    """Is it the name of a pushed request, and no address to fetch one from?"""
    return request_uri is not None and request_uri.startswith(PREFIX)


def recall(sent: Parameters) -> Asked:
    """The request that the browser names. Raises ProtocolFault that is shown here (RFC 9126, 4): only the row says
    where else it could go."""
    if sent.repeated(("client_id", "request_uri")):
        raise ProtocolFault(Cause.REQUEST_INVALID, "client_id or request_uri came more than once")
    application = known_application(sent)
    secret = (sent.get("request_uri") or "").removeprefix(PREFIX)
    row = None
    if _SECRET.fullmatch(secret):
        with g.db.reading() as db:
            row = db.one(PUSHED_REQUEST, handle=digest(secret), now=the_broker().ports.clock.now())
    if row is None or row.application_id != application.id:
        detail = "request_uri is unknown, used, expired or another client's"
        raise ProtocolFault(Cause.REQUEST_INVALID, detail, application_id=application.id)
    kept = Parameters((name, value) for name, value in row.parameters)
    return read_request(kept, sent=sent, pushed=row.id)


def keep(handle: str, parameters: Parameters) -> None:
    """Let the request wait for its person, as it is now."""
    now = the_broker().ports.clock.now()
    with g.db.writing(is_durable=False) as db:
        db.run(SHOW_REQUEST, handle=handle, now=now, until=now + WAIT, left=parameters.pairs())
