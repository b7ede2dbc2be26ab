"""The two addresses that a SAML identity provider knows of a connection: our metadata, and where its responses go."""

from urllib.parse import urlencode

from flask import Response as FlaskResponse
from flask import abort, g, redirect, request, url_for
from werkzeug.wrappers import Response

from broker.metadata_readings import note_readings
from broker.own_keys import own_keys
from broker.signin.federated import NoAttempt, callback_url, finish, options_of
from broker.signin.unsolicited import begin_anew, is_unsolicited
from broker.upstream import KINDS
from broker.upstream.saml import Saml
from broker.upstream.saml_parts.metadata import MEDIA_TYPE
from broker.wiring import the_broker
from tenants.causes import Cause, Refusal
from tenants.snapshot import ConnectionConfig

_FRESH = "public, max-age=300"
_FIELDS = ("SAMLResponse", "RelayState")


def metadata(key: str) -> Response:
    """What an admin uploads at the provider; also of a connection that is switched off, as it is set up first."""
    connection, kind = _saml_connection(key)
    keys = own_keys()
    body = kind.metadata(options_of(connection), callback_url(connection), keys)  # type: ignore[arg-type]  # of this kind
    note_readings(connection, keys)
    response = FlaskResponse(body, content_type=MEDIA_TYPE)
    response.headers["Cache-Control"] = _FRESH
    response.headers["Content-Disposition"] = f'inline; filename="{g.tenant.slug}-{key}.xml"'
    return response


def take_response(key: str) -> Response:
    """The browser is back. The provider's page made it post here from another site.

    A browser sends the transaction's cookie along only if that is `SameSite=None`, which needs https. On plain http,
    which is loopback only (demo and tests), the fields go round by an address of our own, which is not another site.
    """
    connection, kind = _saml_connection(key)
    if the_broker().settings.is_https:
        if request.method != "POST":
            abort(405)
        return _finish(connection, kind)
    if request.method == "POST":
        fields = [(name, value) for name, value in request.form.items(multi=True) if name in _FIELDS]
        return redirect(f"{url_for('signin.take_saml_response', connection=key)}?{urlencode(fields)}", 303)
    return _finish(connection, kind)


def _finish(connection: ConnectionConfig, kind: Saml) -> Response:
    """The end of an attempt that began here; what began at the provider is another matter."""
    try:
        return finish(connection.key)
    except NoAttempt:
        if not is_unsolicited(kind):
            raise
    return begin_anew(connection, kind)


def _saml_connection(key: str) -> tuple[ConnectionConfig, Saml]:
    connection = g.tenant.connections.get(key)
    kind = KINDS[connection.kind] if connection is not None else None
    if connection is None or not isinstance(kind, Saml):
        raise Refusal(Cause.PAGE_UNKNOWN, "no such SAML connection")
    return connection, kind
