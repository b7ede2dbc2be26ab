"""From a request to the question that `tenants/discovery.py` answers."""

import ipaddress
from collections.abc import Iterable

from flask import g
from flask_babel import gettext as _

from broker.pages import Way as WayButton
from broker.signin.transaction import Transaction
from broker.tenancy import client_address
from broker.upstream import KINDS
from tenants.addresses import Address, AddressError, normalise_address
from tenants.causes import Refusal
from tenants.discovery import Question, check_way, discover
from tenants.snapshot import ConnectionConfig, TenantConfig
from tenants.ways import LOCAL, Hints, IPAddress, Way


def question_of(transaction: Transaction, address: Address | None, *, has_just_ended: bool = False) -> Question:
    """What there is to decide from, for this attempt. Nothing in it depends on whether an account exists."""
    tenant: TenantConfig = g.tenant
    application = transaction.application
    hints = transaction.hints
    return Question(
        ways=tuple(_way(connection) for connection in tenant.connections.values()),
        rules=tenant.domains,
        local_enabled=tenant.policy.local_enabled,
        page=tenant.policy.sign_in_page,
        address=address,
        accepted=frozenset(application.accepted_connections) if application else frozenset(),
        network=_network(client_address()),
        hints=Hints(login=hints.login_hint, domain=hints.domain_hint, connection=hints.connection),
        has_just_ended=has_just_ended,
    )


def require_way(transaction: Transaction, key: str) -> None:
    """Raise a Refusal where this way may not be used (RT-07, LC-10): asked on every step, never taken for granted."""
    verdict = check_way(question_of(transaction, address_of(transaction)), key)
    if verdict.cause is not None:
        raise Refusal(verdict.cause, "; ".join(reason.sentence for reason in verdict.reasons))


def other_ways(transaction: Transaction) -> tuple[str, ...]:
    """Keys of the ways but e-mail and password that this attempt may go on by."""
    decision = discover(question_of(transaction, address_of(transaction), has_just_ended=True))
    return tuple(key for key in decision.ways if key != LOCAL)


def address_of(transaction: Transaction) -> Address | None:
    """The address that was typed in this attempt, if any."""
    try:
        return normalise_address(transaction.row.email or "")
    except AddressError:
        return None


def way_buttons(keys: Iterable[str], first: str | None = None) -> list[WayButton]:
    """The ways as a page shows them."""
    return [_button(key, key == first) for key in keys]


def _button(key: str, is_first: bool) -> WayButton:
    if key == LOCAL:
        return WayButton(key=LOCAL, label=_("E-mail and password"), icon="way-local", first=is_first)
    connection: ConnectionConfig = g.tenant.connections[key]
    icon = connection.icon or KINDS[connection.kind].icon
    return WayButton(key=key, label=connection.label, icon=icon, note=connection.note, first=is_first)


def _way(connection: ConnectionConfig) -> Way:
    return Way(
        key=connection.key,
        kind=connection.kind,
        label=connection.label,
        enabled=connection.is_enabled,
        shown=connection.is_shown,
        position=connection.position,
        networks=tuple(ipaddress.ip_network(network, strict=False) for network in connection.networks),
    )


def _network(text: str) -> IPAddress | None:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None
