"""A sign-in by the operator's registration comes back by the main host: another address, a signed state, a sealed code."""

from dataclasses import replace
from types import MappingProxyType

from flask import g

from broker.shared_registrations import SIGN_IN, is_shared, new_state, place_of_code, shared_callback
from broker.upstream.kind import FlowContext, Options, ReturnData
from broker.wiring import the_broker
from tenants.causes import Cause, Refusal
from tenants.snapshot import ConnectionConfig
from tenants.vault import VaultError


def leaving(connection: ConnectionConfig, options: Options, tx: FlowContext) -> FlowContext:
    """On the way to the provider."""
    if not is_shared(connection, options):
        return tx
    broker = the_broker()
    state = new_state(broker.vault, broker.ports.randomness, g.tenant.id, connection.key, SIGN_IN, tx.now)
    return returning(connection, options, replace(tx, state=state))


def returning(connection: ConnectionConfig, options: Options, tx: FlowContext) -> FlowContext:
    """On the way back: the code is redeemed with the address that it was asked for with (RFC 6749, 4.1.3)."""
    if not is_shared(connection, options):
        return tx
    return replace(tx, callback_url=shared_callback(the_broker().settings, connection.kind))


def opened(connection: ConnectionConfig, options: Options, data: ReturnData) -> ReturnData:
    """The same with its code, which the main host has sealed for this very return (TI-08). One that is raw is refused."""
    if not is_shared(connection, options) or "code" not in data.args:
        return data
    place = place_of_code(g.tenant.id, connection.id, data.args.get("state", ""))
    try:
        code = the_broker().vault.open(data.args["code"], place)
    except VaultError as error:
        raise Refusal(Cause.FLOW_EXPIRED, "the code was not handed on", connection_id=connection.id) from error
    return replace(data, args=MappingProxyType({**data.args, "code": code}))
