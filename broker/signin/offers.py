"""Where a first login or a reset is offered: local sign-in is on, and there is a mail server that can bring a code."""

from flask import url_for

from broker.next_steps import are_codes_offered
from broker.signin.question import address_of, question_of
from broker.signin.transaction import Transaction
from tenants.causes import Cause, Refusal
from tenants.discovery import check_way
from tenants.ways import LOCAL


def require_codes() -> None:
    """Where nothing could be sent, there is no such page."""
    if not are_codes_offered():
        raise Refusal(Cause.PAGE_UNKNOWN, "no local sign-in, or no mail server")


def first_login_url(transaction: Transaction) -> str | None:
    """For a sign-in page: where somebody begins who has no password yet. None: not here."""
    return _url("signin.first_login", transaction)


def reset_url(transaction: Transaction) -> str | None:
    """For the password page: where somebody goes who has forgotten it. None: not here."""
    return _url("signin.reset", transaction)


def _url(endpoint: str, transaction: Transaction) -> str | None:
    """Depends on tenant, application, network and domain only, as routing does; never on an account (RT-04)."""
    if not are_codes_offered() or check_way(question_of(transaction, address_of(transaction)), LOCAL).cause is not None:
        return None
    return url_for(endpoint, tx=transaction.tx)
