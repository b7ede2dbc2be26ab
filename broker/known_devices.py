"""Devices on which an account has signed in before: with tries of their own (LC-03), and trusted where policy allows it.

A browser has a secret of its own for each account that knows it, made here and never taken from the browser: somebody who
plants a cookie is known to nobody by it.
"""

from datetime import datetime, timedelta
from typing import Any

from flask import g, request
from sqlalchemy import Row

from broker.device import DEVICE_SECONDS, device_secrets, keep_device_secrets
from broker.mail.letters import post
from broker.tenancy import client_address
from broker.user_agent import device_words
from broker.wiring import the_broker
from tenants.audit import printable
from tenants.db import TenantSession
from tenants.devices import ADD_DEVICE, DEVICE_OF_ACCOUNT, DEVICE_OF_ADDRESS, SEE_DEVICE
from tenants.ids import digest, new_id, new_secret
from tenants.statements import Scoped


def known_device_of_address(email_key: str) -> Row[Any] | None:
    """This browser as the account with this address knows it. Asks the same whether or not there is such an account."""
    return _known(DEVICE_OF_ADDRESS, email_key=email_key)


def known_device_of_account(account_id: str) -> Row[Any] | None:
    """The same for an account that is known by its id."""
    return _known(DEVICE_OF_ACCOUNT, account=account_id)


def is_trusted(device: Row[Any] | None, organization_id: str, now: datetime) -> bool:
    """May the second factor be left out on it, as far as the policy for people of this organization goes?"""
    until = device.trusted_until if device is not None else None
    if until is None:
        return False
    # A policy that was shortened meanwhile holds for those who were trusted for longer.
    return bool(now < until <= now + _trust(organization_id))


def remember_device(db: TenantSession, account: Row[Any], now: datetime, is_to_be_trusted: bool) -> None:
    """After a local sign-in, within its transaction. `account` is a row of ACCOUNT_FACTS."""
    kept, secret = device_secrets(), new_secret()
    until = now + timedelta(seconds=DEVICE_SECONDS)
    trust = _trust(account.organization_id)
    trusted = now + trust if is_to_be_trusted and trust else None
    address, agent = client_address()[:45], printable(request.user_agent.string)[:300]
    seen = {"account": account.id, "now": now, "until": until, "from_address": address, "agent": agent, "trusted": trusted}
    if kept and db.run(SEE_DEVICE, tokens=_hashes(kept), **seen):
        keep_device_secrets(kept)
        return
    keep_device_secrets([secret, *kept])
    db.run(
        ADD_DEVICE,
        id=new_id("dev"),
        account_id=account.id,
        token_hash=digest(secret),
        address=address,
        user_agent=agent,
        created_at=now,
        last_seen_at=now,
        expires_at=until,
        trusted_until=trusted,
    )
    if account.last_login_at is not None:
        post(db, account.email, "new_device", now, at=now.isoformat(), address=address, device=device_words(agent))


def _trust(organization_id: str) -> timedelta:
    return timedelta(days=g.tenant.policy_for(organization_id).trusted_device_days)


def _hashes(secrets: list[str]) -> list[str]:
    return [digest(secret) for secret in secrets]


def _known(statement: Scoped, **whose: str) -> Row[Any] | None:
    kept = device_secrets()
    if not kept:
        return None
    with g.db.reading() as db:
        found: Row[Any] | None = db.one(statement, tokens=_hashes(kept), now=the_broker().ports.clock.now(), **whose)
    return found
