"""From a request to the question that `tenants/discovery.py` answers."""

from collections.abc import Iterable
from dataclasses import replace

from flask import g
from flask_babel import gettext as _

from broker.device import last_way
from broker.pages import Way as WayButton
from broker.signin.transaction import Transaction
from broker.tenancy import client_address
from broker.upstream import KINDS
from broker.wiring import the_broker
from tenants.addresses import Address, stored_address
from tenants.causes import Refusal
from tenants.discovery import Question, check_way, discover
from tenants.questions import question_for
from tenants.snapshot import ConnectionConfig
from tenants.ways import LOCAL, Hints


def question_of(transaction: Transaction, address: Address | None, *, has_just_ended: bool = False) -> Question:
    """What there is to decide from, for this attempt."""
    hints = transaction.hints
    return question_for(
        g.tenant,
        # Whose account it is may be shown by a way that the application itself does not take.
        None if hints.link else transaction.application,
        address,
        client_address(),
        Hints(login=hints.login_hint, domain=hints.domain_hint, connection=hints.connection),
        last_method=last_way(),
        has_just_ended=has_just_ended,
    )


def require_way(transaction: Transaction, key: str, address: Address | None = None) -> None:
    """Raise a Refusal where this way may not be used (RT-07, LC-10): asked on every step, never taken for granted.

    `address`: another one than was typed.
    """
    verdict = check_way(question_of(transaction, address or address_of(transaction)), key)
    if verdict.cause is not None:
        raise Refusal(verdict.cause, "; ".join(reason.sentence for reason in verdict.reasons))


def other_ways(transaction: Transaction) -> tuple[str, ...]:
    """Keys of the ways but e-mail and password that this attempt may go on by."""
    decision = discover(question_of(transaction, address_of(transaction), has_just_ended=True))
    return tuple(key for key in decision.ways if key != LOCAL)


def ways_to_prove(transaction: Transaction, address: Address, arrived_by: str) -> tuple[str, ...]:
    """Keys of the ways by which an account may be proven that has the address of an arrival: the same for every account."""
    question = replace(question_of(transaction, address, has_just_ended=True), accepted=frozenset())
    return tuple(key for key in discover(question).ways if key != arrived_by)


def address_of(transaction: Transaction) -> Address | None:
    """The address that was typed in this attempt, if any."""
    return stored_address(transaction.row.email)


def way_buttons(keys: Iterable[str], first: str | None = None) -> list[WayButton]:
    """The ways as a page shows them."""
    last = last_way()
    return [_button(key, key == first, key == last) for key in keys]


def _button(key: str, is_first: bool, is_last_used: bool) -> WayButton:
    if key == LOCAL:
        name = _("E-mail and password")
        return WayButton(key=LOCAL, label=name, icon="way-local", first=is_first, is_last_used=is_last_used)
    connection: ConnectionConfig = g.tenant.connections[key]
    return WayButton(
        key=key,
        label=connection.label,
        icon=connection.icon or KINDS[connection.kind].icon,
        note=connection.note,
        first=is_first,
        is_last_used=is_last_used,
        is_silent=the_broker().circuits.is_open(connection.id),
    )
