"""What happened to somebody, in a few words for whoever looks after them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import g
from flask_babel import LazyString
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import Row

from broker.console.people.words import Tone
from broker.sentences import texts_of
from tenants.audit import Event
from tenants.causes import Cause


@dataclass(frozen=True, slots=True)
class ActivityLine:
    """One event."""

    tone: Tone
    text: str
    at: datetime


_WORDS: Mapping[str, tuple[Tone, LazyString]] = {
    Event.LOGIN_ABANDONED: ("warn", _l("A sign-in went to an identity provider and did not come back")),
    Event.ACCESS_REFUSED: ("bad", _l("Refused")),
    Event.SIGNED_OUT: ("", _l("Signed out")),
    Event.APPLICATION_OPENED: ("", _l("Opened an application")),
    Event.ACCOUNT_CREATED: ("", _l("Account created")),
    Event.ACCOUNT_CHANGED: ("", _l("Account changed")),
    Event.ACCOUNT_ACTIVATED: ("ok", _l("Account set up")),
    Event.ACCOUNT_WARNED: ("warn", _l("Warned that the account is about to end")),
    Event.FACTORS_RESET: ("warn", _l("Second factors reset")),
    Event.INVITATION_MADE: ("", _l("A link was sent")),
    Event.CODE_SENT: ("", _l("A code was sent by mail")),
    Event.CODE_USED: ("", _l("A mailed code was used")),
    Event.CODE_WRONG: ("bad", _l("A mailed code was typed wrongly")),
    Event.PASSWORD_COMPROMISED: ("bad", _l("The password is known from a leak")),
    Event.IDENTITY_LINKED: ("", _l("Linked to an identity provider")),
    Event.CREDENTIAL_CHANGED: ("", _l("Changed how they sign in")),
    Event.THROTTLED: ("bad", _l("Paused after too many tries")),
    Event.DOOR_ENTERED: ("warn", _l("Signed in by emergency access")),
}


def line_of(event: Row[Any]) -> ActivityLine:
    """One row of OWN_EVENTS; what has no words here goes by its name."""
    if event.event == Event.LOGIN_SUCCEEDED:
        return ActivityLine("ok", _signed_in(event), event.at)
    if event.event == Event.LOGIN_REFUSED:
        return ActivityLine("bad", _refused(event), event.at)
    if event.event == Event.LOGOUT_UNFINISHED:
        return ActivityLine("warn", _not_over(event), event.at)
    tone, text = _WORDS.get(event.event, ("", event.event))
    fields = event.detail.get("fields", "") if event.event == Event.ACCOUNT_CHANGED else ""
    return ActivityLine(tone, f"{text}: {fields}" if fields else str(text), event.at)


def _signed_in(event: Row[Any]) -> str:
    connection = g.tenant.connections.get(event.detail.get("method", ""))
    return str(_("Signed in, %(way)s", way=connection.label) if connection else _("Signed in"))


def _not_over(event: Row[Any]) -> str:
    application = g.tenant.application_by_id(event.application_id)
    if application is None:
        return str(_("Another place did not confirm that they are signed out there"))
    if "channel" in event.detail:
        return str(_("%(name)s did not confirm that they are signed out there", name=application.name))
    return str(_("%(name)s can’t be told that a session ended: it may still be open there", name=application.name))


def _refused(event: Row[Any]) -> str:
    try:
        heading, _sentences = texts_of(Cause(event.cause), None)
    except ValueError:
        return str(_("A sign-in was refused"))
    connection = next((one for one in g.tenant.connections.values() if one.id == event.connection_id), None)
    told = {"organization": g.tenant.name, "provider": connection.label if connection else "", "application": ""}
    return str(heading) % told
