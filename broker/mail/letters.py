"""The messages of tenants: the maker of each, and how one is posted.

| message | facts |
|---|---|
| `invitation`, `reset_link` | `token`, `expires_at` |
| `application_metadata` | `why`, `application`, `name`, `address`, `added`, `removed`, `at` |
| `code` | `code`, `purpose`, `language` (the page's): for any address typed; the account is looked at when it is sent |
| `account_ready` | |
| `credential_changed` | `what`, `at`, `address`, `by` (`you` or `admin`), `provider` |
| `password_leaked` | `at` |
| `new_device` | `at`, `address`, `device` |
| `connection_ends` | `thing`, `connection`, `name`, `on`, `successor` where there is one |
| `directory_added` | `connection`, `label`, `directory`, `domain`, `by` (`link` or `operator`), `at` |
| `domain_proof` | `what` (`missing` or `lost`), `domain`, `name`, `text`, `until` |
| `door_used` | `name`, `email`, `at`, `address` |
| `life_warning` | `what`, `on` |
| `provider_keys` | `what` (`taken` or `proposed`), `why`, `connection`, `label`, `address`, `added`, `removed`, `at` |
| `test` | `note` |
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from flask_babel import force_locale

from broker.language import LOCALES
from broker.mail import (
    about_accounts,
    about_applications,
    about_changes,
    about_codes,
    about_connections,
    about_directories,
    about_domains,
    about_provider_keys,
)
from broker.mail.letter import Letter, Words, write
from broker.mail.messages import Content
from broker.wiring import the_broker
from tenants.db import TenantSession
from tenants.mailed_codes import LIFE as CODE_LIFE
from tenants.outbox import add_mail

Maker = Callable[[Letter], Content | None]
"""None: there is nothing to say to this address after all."""
_LIVES: Mapping[str, timedelta] = {"code": CODE_LIFE}
"""Messages that say nothing any more after so long; others name their end as the fact `expires_at`."""


def _maker(say: Callable[[Letter], Words | None]) -> Maker:
    def make(letter: Letter) -> Content | None:
        words = say(letter)
        return write(letter, words) if words else None

    return make


TENANT_MESSAGES: Mapping[str, Maker] = {
    "account_ready": _maker(about_accounts.account_ready),
    "application_metadata": _maker(about_applications.application_metadata),
    "code": _maker(about_codes.code),
    "connection_ends": _maker(about_connections.connection_ends),
    "credential_changed": _maker(about_changes.credential_changed),
    "directory_added": _maker(about_directories.directory_added),
    "domain_proof": _maker(about_domains.domain_proof),
    "door_used": _maker(about_changes.door_used),
    "invitation": _maker(about_accounts.invitation),
    "life_warning": _maker(about_accounts.life_warning),
    "new_device": _maker(about_changes.new_device),
    "password_leaked": _maker(about_changes.password_leaked),
    "provider_keys": _maker(about_provider_keys.provider_keys),
    "reset_link": _maker(about_accounts.reset_link),
    "test": _maker(about_accounts.test),
}


def made(letter: Letter) -> Content | None:
    """What it says, in its language. None: there is nothing to say to this address after all."""
    with force_locale(LOCALES[letter.language]):
        return TENANT_MESSAGES[letter.message](letter)


def is_over(letter: Letter, now: datetime) -> bool:
    """Has what the mail would say run out before it could be sent?"""
    if letter.message in _LIVES:
        return letter.created_at + _LIVES[letter.message] <= now
    return "expires_at" in letter.facts and letter.time("expires_at") <= now


def post(session: TenantSession, to_address: str, message: str, now: datetime, **facts: str) -> None:
    """Write a mail into the caller's transaction: it is sent if, and only if, that commits."""
    add_mail(session, the_broker().vault, to_address, message, facts, now)
