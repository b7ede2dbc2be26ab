"""From a row of a tenant's outbox to the words of the mail: one maker for each message."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from broker.mail import messages
from broker.mail.messages import Content
from broker.wiring import Broker, the_broker
from tenants.db import TenantSession
from tenants.outbox import add_mail
from tenants.snapshot import TenantConfig


@dataclass(frozen=True, slots=True)
class Letter:
    """What there is to make a mail from, at the moment when it is sent."""

    broker: Broker
    tenant: TenantConfig
    to_address: str
    facts: Mapping[str, str]
    """What its cause said, as short texts; times in ISO 8601."""
    created_at: datetime


Maker = Callable[[Letter], Content | None]
"""None: there is nothing to say to this address after all."""


def _test(letter: Letter) -> Content:
    return messages.test(letter.to_address, letter.tenant.name, letter.tenant.base_url, letter.facts.get("note", ""))


TENANT_MESSAGES: Mapping[str, Maker] = {"test": _test}


def post(session: TenantSession, to_address: str, message: str, now: datetime, **facts: str) -> None:
    """Write a mail into the caller's transaction: it is sent if, and only if, that commits."""
    add_mail(session, the_broker().vault, to_address, message, facts, now)
