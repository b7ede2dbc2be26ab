"""A response that began at the identity provider: its portal's tile posts one that nobody here has asked for (SU-18).

Whose it is can't be told, for it is bound to no attempt of this browser: somebody may have been handed another person's.
So it opens no session. Where the connection allows it, and it passes every check, the browser is sent into a request of
our own at the same provider, which mostly answers at once.
"""

from datetime import timedelta

from flask import g, redirect, request, url_for
from werkzeug.wrappers import Response

from broker.own_keys import own_keys
from broker.signin.federated import callback_url, options_of, require_enabled, use_once
from broker.signin.provider_document import provided
from broker.signin.transaction import SIGN_IN_LIFE, Hints, browser_hash, insert
from broker.upstream.kind import FlowContext, ReturnData
from broker.upstream.saml import Saml
from broker.upstream.saml_parts.options import SamlOptions
from broker.wiring import the_broker
from tenants.causes import Cause, Refusal
from tenants.snapshot import ApplicationConfig, ConnectionConfig
from tenants.throttles import Limit, counter_key, take_try

_LIMIT = Limit(free=4, cap=4, window=timedelta(minutes=1), longest=timedelta(minutes=1))
"""A provider that answers every request with something unsolicited would send the browser round and round."""


def is_unsolicited(kind: Saml) -> bool:
    """Does what was sent look as if it began at the provider?"""
    return kind.is_unsolicited(_data(kind))


def begin_anew(connection: ConnectionConfig, kind: Saml) -> Response:
    """Check what came, and begin a sign-in of our own at the same provider. Raises BrokerError."""
    options = options_of(connection)
    if not isinstance(options, SamlOptions) or not options.allow_idp_initiated or _goes_round(connection):
        raise Refusal(Cause.FLOW_EXPIRED, "unsolicited", connection_id=connection.id)
    require_enabled(connection)
    data = _data(kind)
    ready = provided(connection, options)
    assertion = kind.take_unsolicited(ready, _context(connection), data, the_broker().ports)  # type: ignore[arg-type]  # of this kind
    use_once(connection, assertion)
    application = _application(data.args.get("RelayState", ""))
    target = url_for("home.open_application", application=application.key) if application else url_for("home.home")
    tx = insert(target, application, Hints(), "sign_in", SIGN_IN_LIFE, {})
    return redirect(url_for("signin.go", connection=connection.key, tx=tx), 303)


def _data(kind: Saml) -> ReturnData:
    pairs = [*request.args.items(multi=True), *request.form.items(multi=True)]
    return ReturnData.of(request.method, pairs, kind.returning.max_argument)


def _context(connection: ConnectionConfig) -> FlowContext:
    """Of an attempt that is none: nothing was kept for it."""
    return FlowContext(
        connection=connection.id,
        callback_url=callback_url(connection),
        state="",
        nonce="",
        verifier="",
        now=the_broker().ports.clock.now(),
        own_keys=own_keys,
    )


def _application(relay_state: str) -> ApplicationConfig | None:
    """The application whose key the provider was told to send along; anything else means nothing (SU-18)."""
    return next((one for one in g.tenant.all_applications if one.key == relay_state and one.is_enabled), None)


def _goes_round(connection: ConnectionConfig) -> bool:
    # Without our cookie it can't: its next step would find no attempt. And a whole office may share an address.
    if not browser_hash():
        return False
    counter = counter_key("unsolicited", f"{connection.id} {browser_hash()}")
    with g.db.writing() as db:
        return take_try(db, counter, _LIMIT, the_broker().ports.clock.now()) is not None
