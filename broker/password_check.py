"""One judgement of a typed password, for everybody who lets people choose one; and the look at it when they sign in.

Neither may be called inside a database transaction: the range service may be asked.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from typing import Any

from flask import g
from sqlalchemy import Row

from broker.breach_check import is_known_to_service
from broker.flow import current_flow
from broker.password_rules import context_of, sentence_of
from broker.tenancy import client_address
from broker.wiring import the_broker
from tenants import audit
from tenants.audit import Event
from tenants.causes import UpstreamFailure
from tenants.compromised import is_compromised
from tenants.passwords import PasswordPolicy, RuleOutcome, check_password, normalise_password

_LISTED = "blocklist"
_ASKED_EVERY = timedelta(days=1)


def judge(policy: PasswordPolicy, typed: str, account: Row[Any]) -> list[RuleOutcome]:
    """Every rule with whether the password keeps it; `account` is a row of ACCOUNT_FACTS. Raises PasswordError.

    The range service is asked about passwords that keep all other rules, where the operator has switched that on.
    """
    outcomes = check_password(policy, typed, context_of(account))
    if all(outcome.met for outcome in outcomes) and _is_leaked(normalise_password(typed), account.id):
        return [replace(outcome, met=outcome.code != _LISTED) for outcome in outcomes]
    return outcomes


def objection(outcomes: Iterable[RuleOutcome]) -> str | None:
    """The first rule that is not kept, in words."""
    return next((sentence_of(outcome) for outcome in outcomes if not outcome.met), None)


def is_breached(password: str, account: Row[Any]) -> bool:
    """Is the password of an account known from a leak? `account` is a row of PASSWORD_OF_ADDRESS, from before this sign-in.

    The range service is asked at the first sign-in of a day only: nobody waits for it each time.
    """
    if account.compromised_at is not None or is_compromised(password):
        return True
    last, now = account.last_used_at, the_broker().ports.clock.now()
    return (last is None or now - last >= _ASKED_EVERY) and _is_leaked(password, account.account_id)


def _is_leaked(password: str, account_id: str) -> bool:
    """What the range service says; no, where there is none. One that does not answer leaves the offline verdict."""
    broker = the_broker()
    if not broker.settings.breach_check_url:
        return False
    try:
        return is_known_to_service(broker.ports.http, broker.settings.breach_check_url, password)
    except UpstreamFailure as failure:
        flow = current_flow()
        with g.db.writing() as db:
            audit.append(
                db,
                Event.BREACH_CHECK_UNAVAILABLE,
                at=broker.ports.clock.now(),
                reference=flow.reference if flow else None,
                account_id=account_id,
                address=client_address(),
                detail={"detail": failure.detail},
            )
        return False
