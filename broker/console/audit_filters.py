"""What the audit log is filtered by, as it stands in an address, and what of it makes no sense."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta

from flask import g
from flask_babel import gettext as _

from broker.console.access import Admin
from tenants.accounts import ACCOUNT_BY_ADDRESS
from tenants.addresses import AddressError, normalise_address
from tenants.audit import Event
from tenants.audit_search import Mark, Sought
from tenants.causes import Cause
from tenants.db import TenantSession

REFERENCE = re.compile(r"[2-9A-HJKMNP-Z]{4}-[2-9A-HJKMNP-Z]{4}")
NAMES = ("q", "event", "cause", "connection", "application", "address", "since", "until")
_MARK = re.compile(r"(\d{1,16})~(aud_[a-z0-9]{1,60})")
_NOBODY = "nobody"
"""An account that no tenant has: what is asked for is not there."""


@dataclass(frozen=True, slots=True)
class Asked:
    """The filters as they were typed, what they mean, and what is wrong with them."""

    typed: Mapping[str, str]
    sought: Sought
    errors: dict[str, str] = field(default_factory=dict)

    @property
    def is_filtered(self) -> bool:
        return any(self.typed.values())


def read_filters(values: Mapping[str, str], admin: Admin, db: TenantSession) -> Asked:
    """One statement at most: for the account of an address."""
    typed = {name: values.get(name, "").strip()[:200] for name in NAMES}
    errors: dict[str, str] = {}
    sought = Sought(
        event=_one_of(typed["event"], {event.value for event in Event}),
        cause=_one_of(typed["cause"], {cause.value for cause in Cause}),
        connection_id=_id_of(typed["connection"], {one.key: one.id for one in g.tenant.connections.values()}),
        application_id=_id_of(typed["application"], {one.key: one.id for one in g.tenant.applications.values()}),
        address=typed["address"][:45],
        since=_day("since", typed, errors),
        until=_next_day(_day("until", typed, errors)),
        organization_ids=admin.organization_ids,
    )
    return Asked(typed, _who(typed["q"], sought, db), errors)


def mark_of(text: str) -> Mark | None:
    """A place in the log from an address; anything else is none."""
    found = _MARK.fullmatch(text)
    if found is None:
        return None
    try:
        return Mark(datetime.fromtimestamp(0, UTC) + timedelta(microseconds=int(found[1])), found[2])
    except OverflowError:
        return None


def text_of(mark: Mark) -> str:
    """The same for an address. In microseconds: nothing is lost, and it is one number."""
    return f"{(mark.at - datetime.fromtimestamp(0, UTC)) // timedelta(microseconds=1)}~{mark.id}"


def _who(text: str, sought: Sought, db: TenantSession) -> Sought:
    """A reference, the id of an account, or an e-mail address."""
    if not text:
        return sought
    if REFERENCE.fullmatch(text.upper()):
        return replace(sought, reference=text.upper())
    if text.startswith("acc_"):
        return replace(sought, account_id=text[:80])
    try:
        found = db.one(ACCOUNT_BY_ADDRESS, email_key=normalise_address(text).key)
    except AddressError:
        found = None
    return replace(sought, account_id=found.id if found else _NOBODY)


def _one_of(text: str, known: set[str]) -> str:
    return text if text in known else ""


def _id_of(key: str, known: Mapping[str, str]) -> str:
    return known.get(key, _NOBODY) if key else ""


def _day(name: str, typed: Mapping[str, str], errors: dict[str, str]) -> datetime | None:
    if not typed[name]:
        return None
    try:
        return datetime.combine(date.fromisoformat(typed[name]), time(), UTC)
    except ValueError:
        errors[name] = str(_("Write the date as 2026-11-30."))
        return None


def _next_day(day: datetime | None) -> datetime | None:
    return None if day is None or day.date() >= date.max - timedelta(days=1) else day + timedelta(days=1)
