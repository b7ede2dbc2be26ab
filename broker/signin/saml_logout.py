"""SAML single logout (Profiles, 4.4): the provider's wish to end sessions, and its answer to ours.

No cookie is needed: a message is believed for its signature, and a browser sends none along with a form of another site.
"""

from flask import g, redirect, request, url_for
from werkzeug.wrappers import Response

from broker.own_keys import own_keys
from broker.saml_xml.logout import Came, Done, Wish
from broker.signin.dispatch import post_over
from broker.signin.federated import callback_url, options_of
from broker.signin.heard_logout import end_once, judging
from broker.signin.upstream_logout import answered
from broker.tenancy import tenant_url
from broker.upstream.kind import ReturnData
from broker.upstream.saml_parts.logout import hear, once_of
from broker.upstream.saml_parts.logout_sending import answer
from broker.upstream.saml_parts.metadata import entity_id_of
from broker.upstream.saml_parts.options import SamlOptions
from broker.upstream.saml_parts.request import signing_key
from broker.wiring import the_broker
from tenants.causes import Cause, Refusal, UpstreamFailure
from tenants.snapshot import ConnectionConfig
from tenants.upstream_sessions import end_by_name

BY = "SAML single logout"
_MAX_FIELD = 200_000


def take_message(key: str) -> Response:
    """GET (Redirect binding) or POST. Raises UpstreamFailure(LOGOUT_INVALID) for what is not as it has to be."""
    connection, options = _saml_connection(key)
    if request.method not in {"GET", "POST"}:
        raise Refusal(Cause.HTTP_METHOD_UNKNOWN, "GET or POST")
    with judging(connection):
        if not options.is_described:
            raise UpstreamFailure(Cause.LOGOUT_INVALID, "its metadata was not read yet")
        heard = hear(options.provider, _came(connection))
        if isinstance(heard, Wish):
            wish = heard
            end_once(connection, once_of(wish), BY, lambda db, now: end_by_name(db, connection.id, wish.name, wish.sids, now))
    return answered(connection, heard) if isinstance(heard, Done) else _answer(connection, options, heard)


def _answer(connection: ConnectionConfig, options: SamlOptions, wish: Wish) -> Response:
    """To the address that the provider's metadata names, and no other. What it wanted is done, however many there were."""
    broker, us = the_broker(), entity_id_of(callback_url(connection))
    new_id = f"_{broker.ports.randomness.token_urlsafe(32)}"
    started = answer(options.provider, wish, us, signing_key(own_keys()), broker.ports.clock.now(), new_id)
    if started is None:
        return redirect(url_for("home.signed_out"), 303)
    if started.form is not None:
        return post_over(started.url, connection.label, started.form)
    return redirect(started.url, 303)


def _came(connection: ConnectionConfig) -> Came:
    form = None
    if request.method == "POST":
        form = ReturnData.of("POST", request.form.items(multi=True), _MAX_FIELD).args
    return Came(
        query=request.query_string.decode("latin-1"),
        form=form,
        here=tenant_url(f"/saml/{connection.key}/slo"),
        audience=entity_id_of(callback_url(connection)),
        now=the_broker().ports.clock.now(),
    )


def _saml_connection(key: str) -> tuple[ConnectionConfig, SamlOptions]:
    """One that is switched off as well: nobody's sessions should outlive what the provider says."""
    connection = g.tenant.connections.get(key)
    options = options_of(connection) if connection is not None and connection.kind == "saml" else None
    if connection is None or not isinstance(options, SamlOptions):
        raise Refusal(Cause.PAGE_UNKNOWN, "no such SAML connection")
    return connection, options
