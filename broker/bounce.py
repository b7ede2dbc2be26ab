"""Back from a shared registration: on to the tenant whose sign-in it was, and nowhere else (security.md, RT-09).

The state names tenant and connection, and is signed; where to is read from what is stored. Nothing is believed here:
the tenant's own callback finds the attempt by state, browser and connection, and takes it once. The code goes on sealed,
and of the rest only what callbacks read: the host that it goes to may belong to the tenant.
"""

from collections.abc import Iterator
from functools import partial
from urllib.parse import urlencode

from flask import Blueprint, redirect, request
from werkzeug.wrappers import Response

from broker.shared_registrations import SignedState, place_of_code, read_state
from broker.upstream import KINDS
from broker.upstream.kind import MAX_ARGUMENT
from broker.upstream.sharing import Shareable
from broker.wiring import the_broker
from tenants.causes import Cause, Refusal
from tenants.snapshot import ConnectionConfig, TenantConfig

bounce = Blueprint("bounce", __name__)

_AS_IT_IS = ("error", "error_description", "error_uri", "error_subcode", "iss", "admin_consent", "tenant", "scope")
"""What goes on as it came: an error, who answers, and the answer to a consent. None of it opens anything."""


def to_tenant(kind: str) -> Response:
    """What came back, at the tenant's own address."""
    text = _only("state")
    state = _require_state(text)
    tenant = the_broker().snapshots.find_by_id(state.tenant)
    connection = tenant.connections.get(state.connection) if tenant else None
    if tenant is None or connection is None or connection.kind != kind:
        raise Refusal(Cause.FLOW_EXPIRED, "the connection is gone", fact="shared")
    query = urlencode({"state": text, **dict(_handed_on(tenant, connection, text))})
    return redirect(f"{tenant.base_url}/callback/{connection.key}?{query}", 303)


def _require_state(text: str) -> SignedState:
    broker = the_broker()
    state = read_state(broker.vault, text, broker.ports.clock.now())
    if state is None:
        raise Refusal(Cause.FLOW_EXPIRED, "state", fact="shared")
    return state


def _handed_on(tenant: TenantConfig, connection: ConnectionConfig, state: str) -> Iterator[tuple[str, str]]:
    if code := _only("code"):
        yield "code", the_broker().vault.seal(code, place_of_code(tenant.id, connection.id, state))
    for name in _AS_IT_IS:
        if value := _only(name):
            yield name, value


def _only(name: str) -> str:
    """The one value of a parameter, which must not come twice (RFC 6749, 3.1)."""
    values = request.args.getlist(name)
    if len(values) > 1 or any(len(value) > MAX_ARGUMENT for value in values):
        raise Refusal(Cause.FLOW_EXPIRED, name, fact="shared")
    return values[0] if values else ""


for _kind in (name for name, kind in KINDS.items() if isinstance(kind, Shareable)):
    bounce.add_url_rule(f"/callback/{_kind}", _kind, partial(to_tenant, _kind), methods=["GET"])
