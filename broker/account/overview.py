"""The page itself: everything that is known about how somebody signs in. Reads only; a bounded number of rows."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask import g, request, url_for
from flask_babel import gettext as _
from sqlalchemy import Row
from werkzeug.wrappers import Response

from broker.account.activity import EventLine, line_of
from broker.account.applications import consent_lines
from broker.account.changes import clock_now, own_page
from broker.account.holdings import Holdings, held_by
from broker.guard import require_person
from broker.next_steps import are_codes_offered, is_mail_sent
from broker.session import SignedIn
from broker.upstream import KINDS
from broker.user_agent import device_words, is_handheld
from tenants.db import TenantSession
from tenants.own import (
    APPLICATIONS_OF_SESSIONS,
    EVENTS_SHOWN,
    OLDER_EVENTS,
    OWN_EVENT,
    OWN_EVENTS,
    OWN_IDENTITIES,
    OWN_SESSIONS,
)
from tenants.ways import DOOR

FEW_CODES = 3
"""So many recovery codes, or fewer, and the page says that they run out."""


@dataclass(frozen=True, slots=True)
class IdentityLine:
    """A way in by an identity provider."""

    label: str
    icon: str
    email: str
    linked_at: datetime
    used_at: datetime | None
    is_used_most: bool
    is_on: bool


@dataclass(frozen=True, slots=True)
class SessionLine:
    """A browser that is signed in, or was a moment ago."""

    id: str
    device: str
    icon: str
    address: str
    since: datetime
    seen_at: datetime
    applications: str
    is_this_one: bool
    is_by_door: bool


@dataclass(frozen=True, slots=True)
class Notice:
    """One sentence on top; `kind` as the look's alerts have it. `link`: where something can be done about it."""

    kind: str
    icon: str
    text: str
    link: str = ""
    link_label: str = ""


@dataclass(frozen=True, slots=True)
class Events:
    """A stretch of the person's own events, newest first, and where older ones are."""

    lines: Sequence[EventLine]
    older_url: str | None


def overview_page() -> Response:
    """GET: the page."""
    return show(require_person(), _notice_of(request.args.get("done", "")))


def show(person: SignedIn, notice: Notice | None, status: int = 200) -> Response:
    """The page with something to say on top, or nothing."""
    now = clock_now()
    with g.db.reading() as db:
        held = held_by(db, person.row.account_id)
        identities = _identities(db, person.row.account_id)
        sessions = _sessions(db, person, now)
        consents = consent_lines(db, person.row.account_id)
        events = _events(db, person.row.account_id, "")
    return own_page(
        "account/overview.html",
        person,
        status,
        account=held.account,
        held=held,
        identities=identities,
        sessions=sessions,
        consents=consents,
        events=events,
        notice=notice or _warning(held),
        urls=_urls(),
    )


def activity_page() -> Response:
    """GET: older events, from the one that the address names."""
    person = require_person()
    with g.db.reading() as db:
        events = _events(db, person.row.account_id, request.args.get("before", ""))
    return own_page("account/activity.html", person, events=events, account_url=url_for("account.overview"))


def _identities(db: TenantSession, account_id: str) -> list[IdentityLine]:
    rows = db.all(OWN_IDENTITIES, account=account_id)
    most = max((row.login_count for row in rows), default=0)
    return [
        IdentityLine(
            label=row.connection_label,
            icon=_icon(row.connection_key),
            email=row.email or "",
            linked_at=row.created_at,
            used_at=row.last_login_at,
            is_used_most=len(rows) > 1 and row.login_count == most > 0,
            is_on=row.is_enabled,
        )
        for row in rows
    ]


def _icon(key: str) -> str:
    connection = g.tenant.connections.get(key)
    return (connection.icon or KINDS[connection.kind].icon) if connection else "plug"


def _sessions(db: TenantSession, person: SignedIn, now: datetime) -> list[SessionLine]:
    idle_since = now - timedelta(minutes=g.tenant.policy_for(person.row.organization_id).session_idle_minutes)
    asked = {"account": person.row.account_id, "now": now, "idle_since": idle_since}
    opened: dict[str, list[str]] = {}
    for row in db.all(APPLICATIONS_OF_SESSIONS, **asked):
        opened.setdefault(row.session_id, []).append(row.name)
    lines = [_session(row, person, opened.get(row.id, [])) for row in db.all(OWN_SESSIONS, **asked)]
    return sorted(lines, key=lambda line: not line.is_this_one)


def _session(row: Row[Any], person: SignedIn, applications: list[str]) -> SessionLine:
    return SessionLine(
        id=row.id,
        device=device_words(row.user_agent),
        icon="phone" if is_handheld(row.user_agent) else "laptop",
        address=row.address or "",
        since=row.created_at,
        seen_at=row.last_seen_at,
        applications=", ".join(applications),
        is_this_one=row.id == person.get_id(),
        is_by_door=row.method == DOOR,
    )


def _events(db: TenantSession, account_id: str, before: str) -> Events:
    # No database has a row by what PostgreSQL does not even take as text.
    start = db.one(OWN_EVENT, account=account_id, event_id=before) if before and before.isprintable() else None
    if start is None:
        rows = db.all(OWN_EVENTS, account=account_id)
    else:
        rows = db.all(OLDER_EVENTS, account=account_id, before=start.at, before_id=start.id)
    shown = rows[:EVENTS_SHOWN]
    older = url_for("account.activity", before=shown[-1].id) if len(rows) > EVENTS_SHOWN else None
    return Events([line_of(row) for row in shown], older)


def _warning(held: Holdings) -> Notice | None:
    """What the person had better see to, if anything."""
    if not held.has_password or held.codes_left > FEW_CODES:
        return None
    few = _("Few recovery codes are left: %(count)s.", count=held.codes_left)
    state = few if held.codes_left else _("You have no recovery codes.")
    text = f"{state} {_('With them you get in even if you lose your phone.')}"
    return Notice("warning", "exclamation-triangle", text, url_for("account.codes"), _("Make new ones"))


def _notice_of(done: str) -> Notice | None:
    """What was just done; the address can name nothing but what stands here."""
    words = {
        "password": _("Your password was changed. You were signed out everywhere else."),
        "mail": _("A mail with a link for a new password is on its way. The link is valid for 30 minutes."),
        "totp_added": _("The authenticator app is set up."),
        "totp_replaced": _("The new authenticator app counts from now on. You were signed out everywhere else."),
        "totp_removed": _("The authenticator app was removed. You were signed out everywhere else."),
        "passkey_added": _("The passkey was added."),
        "passkey_renamed": _("The passkey has a new name."),
        "passkey_removed": _("The passkey was removed. You were signed out everywhere else."),
        "factors_reset": _("Your second factors were reset. You were signed out everywhere else."),
        "session": _("That browser was signed out. Applications that can’t be told of it are named under “Recent activity”."),
        "sessions": _(
            "You were signed out everywhere else. Applications that can’t be told of it are named under “Recent activity”."
        ),
        "address": _("Your address is confirmed. You were signed out everywhere else."),
        "consent": _("That was taken back. What the application held is worth nothing any more."),
    }
    return Notice("success", "check-circle", str(words[done])) if done in words else None


def _urls() -> dict[str, str | None]:
    names = ("password", "app", "app_removal", "codes", "passkey", "passkey_name", "passkey_removal", "reset")
    # A link that waits until there is a mail server runs out meanwhile.
    mail_link = url_for("account.mail_link") if are_codes_offered() else None
    return {name: url_for(f"account.{name}") for name in (*names, "end_session", "end_others", "withdraw")} | {
        "mail_link": mail_link,
        "address": url_for("account.address") if is_mail_sent() else None,
    }
