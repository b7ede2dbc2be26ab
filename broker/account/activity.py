"""What happened to an account, from its audit events, in plain words."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import g
from flask_babel import gettext as _
from sqlalchemy import Row

from broker.language import language
from broker.sentences import texts_of
from broker.user_agent import device_words
from tenants.audit import Event
from tenants.causes import Cause
from tenants.ways import LOCAL


@dataclass(frozen=True, slots=True)
class EventLine:
    """One event as its owner reads it. `place`: network address and device, as far as they were noted."""

    text: str
    at: datetime
    place: str


def line_of(event: Row[Any]) -> EventLine:
    """One row of OWN_EVENTS in words."""
    device = device_words(event.user_agent) if event.user_agent else ""
    return EventLine(words_of(event), event.at, " · ".join(filter(None, (event.address, device))))


def words_of(event: Row[Any]) -> str:
    """The sentence for an event; for one of another version, its name."""
    try:
        return _WORDS[Event(event.event)](event)
    except ValueError:
        return str(event.event)


def changed_words(what: str) -> str:
    """What was changed of a person's credentials."""
    words = {
        "password": _("Your password was changed"),
        "totp_added": _("An authenticator app was set up"),
        "totp_removed": _("The authenticator app was removed"),
        "recovery_codes": _("New recovery codes were made"),
        "passkey_added": _("A passkey was added"),
        "passkey_renamed": _("A passkey was renamed"),
        "passkey_removed": _("A passkey was removed"),
        "factors_reset": _("Your second factors were reset"),
        "address_confirmed": _("Your address was confirmed by a code"),
        "address_confirmed_kept": _("Your address was confirmed by a code, and your password stayed"),
        "local_off": _("Signing in with e-mail and password was switched off"),
    }
    return str(words.get(what, _("Something about your sign-in was changed")))


def _signed_in(event: Row[Any]) -> str:
    method = event.detail.get("method", "")
    connection = g.tenant.connections.get(method)
    if connection:
        return str(_("You signed in with %(way)s", way=connection.label))
    return str(_("You signed in with e-mail and password") if method == LOCAL else _("You signed in"))


def _refused(event: Row[Any]) -> str:
    try:
        heading, _sentences = texts_of(Cause(event.cause), None)
    except ValueError:
        return str(_("A sign-in was refused"))
    connection = next((one for one in g.tenant.connections.values() if one.id == event.connection_id), None)
    words = {
        "organization": g.tenant.name_in(language()),
        "provider": connection.label if connection else _("the identity provider"),
        "application": _application(event),
    }
    return str(_("A sign-in was refused: %(reason)s", reason=str(heading) % words))


def _not_let_in(event: Row[Any]) -> str:
    if event.cause == Cause.ROLE_MISSING:
        return str(_("A page for admins was not opened for you"))
    return str(_("You were not let in to %(name)s", name=_application(event)))


def _ended(event: Row[Any]) -> str:
    ended = event.detail.get("ended")
    if not ended:
        return str(_("You signed out"))
    if event.connection_id:
        return str(_("Your identity provider signed you out; sessions ended: %(count)s", count=ended))
    return str(_("You signed out elsewhere; sessions ended: %(count)s", count=ended))


def _reset(event: Row[Any]) -> str:
    is_own = event.detail.get("by") == "you"
    return str(_("You reset your second factors") if is_own else _("An admin reset your second factors"))


def _account_changed(event: Row[Any]) -> str:
    by_connection = event.detail.get("by") == "connection"
    return str(_("Your groups have changed") if by_connection else _("Your account was changed by an admin"))


def _not_over(event: Row[Any]) -> str:
    if event.application_id is None:
        return str(_("Your identity provider did not confirm that you are signed out there"))
    if "channel" not in event.detail:
        return str(_("%(name)s can’t be told that your session ended: it may still be open there", name=_application(event)))
    return str(_("%(name)s did not confirm that you are signed out there", name=_application(event)))


def _application(event: Row[Any]) -> str:
    found = g.tenant.application_by_id(event.application_id)
    return found.name if found else str(_("an application"))


def _says(sentence: Callable[[], object]) -> Callable[[Row[Any]], str]:
    return lambda event: str(sentence())


def _support_over(event: Row[Any]) -> str:
    if "reason" in event.detail:
        return str(_("Operators’ look into your organization’s console ended with your account or role"))
    return str(_("You ended operators’ look into your organization’s console"))


_OF_THE_ORGANIZATION = (
    Event.SETUP_LINK_MADE,
    Event.SETUP_LINK_OPENED,
    Event.SETUP_LINK_REVOKED,
    Event.LOG_BROKEN,
    Event.LOG_EXPORTED,
    Event.CONSENT_PROVEN,
    Event.DIRECTORY_ADDED,
    Event.DIRECTORY_REMOVED,
    Event.KEYS_PROPOSED,
    Event.KEYS_REJECTED,
    Event.METADATA_TAKEN,
    Event.SIGNING_KEY_CHANGED,
    Event.DOMAIN_PROVEN,
    Event.DOMAIN_CONFLICT,
    Event.DOMAIN_PROOF_MISSING,
    Event.DOMAIN_PROOF_FOUND,
    Event.DOMAIN_PROOF_LOST,
    Event.DOMAIN_RELEASED,
    Event.MOVE_BEGUN,
    Event.MOVE_MAPPED,
    Event.MOVE_CUT_OVER,
    Event.MOVE_UNDONE,
    Event.MOVE_FINISHED,
)
_BY_OPERATORS = (Event.SUPPORT_ENTERED, Event.SUPPORT_VIEWED, Event.SUPPORT_LEFT)
_WORDS: Mapping[Event, Callable[[Row[Any]], str]] = {
    Event.LOGIN_SUCCEEDED: _signed_in,
    Event.LOGIN_REFUSED: _refused,
    Event.ACCESS_REFUSED: _not_let_in,
    Event.SIGNED_OUT: _ended,
    Event.LOGOUT_UNFINISHED: _not_over,
    Event.LOGOUT_REFUSED: _says(lambda: _("A sign-out that came from elsewhere was refused")),
    Event.APPLICATION_OPENED: lambda event: str(_("You opened %(name)s", name=_application(event))),
    Event.APPLICATION_ASSIGNED: lambda event: str(_("You may open %(name)s", name=_application(event))),
    Event.APPLICATION_UNASSIGNED: lambda event: str(_("You are not named for %(name)s any more", name=_application(event))),
    Event.APPLICATION_CONSENTED: lambda event: str(_("You let %(name)s know who you are", name=_application(event))),
    Event.APPLICATION_DECLINED: lambda event: str(_("You did not let %(name)s know who you are", name=_application(event))),
    Event.APPLICATION_CONSENT_WITHDRAWN: lambda event: str(_("You took back what %(name)s may know", name=_application(event))),
    Event.GRANT_REVOKED: lambda event: str(_("%(name)s gave its permission back", name=_application(event))),
    Event.GRANT_REUSED: lambda event: str(_("The permission of %(name)s was stopped", name=_application(event))),
    Event.CREDENTIAL_CHANGED: lambda event: changed_words(event.detail.get("what", "")),
    Event.FACTORS_RESET: _reset,
    Event.PASSWORD_COMPROMISED: _says(lambda: _("Your password was found in a list of leaked ones")),
    Event.BREACH_CHECK_UNAVAILABLE: _says(lambda: _("Your password could not be compared with the newest leaks")),
    Event.CODE_SENT: _says(lambda: _("A code was sent to your address")),
    Event.CODE_USED: _says(lambda: _("A code from a mail was used")),
    Event.CODE_WRONG: _says(lambda: _("A code from a mail was typed wrongly")),
    Event.ACCOUNT_WARNED: _says(lambda: _("You were warned that your account is about to end")),
    Event.ACCOUNT_CREATED: _says(lambda: _("Your account was created")),
    Event.ACCOUNT_CHANGED: _account_changed,
    Event.ACCOUNT_ACTIVATED: _says(lambda: _("Your account was set up")),
    Event.PEOPLE_EXPORTED: _says(lambda: _("You exported people of your organization")),
    Event.PEOPLE_IMPORTED: _says(lambda: _("You imported people of your organization")),
    Event.ACCOUNT_REMOVED: _says(lambda: _("Your account was removed")),
    Event.INVITATION_MADE: _says(lambda: _("A link to set up your sign-in was made for you")),
    Event.IDENTITY_LINKED: _says(lambda: _("A way to sign in was linked to your account")),
    Event.IDENTITY_CONFLICT: _says(lambda: _("Somebody else with your address was refused")),
    Event.CONFIGURATION_CHANGED: _says(lambda: _("You changed a setting of your organization")),
    Event.CONFIGURATION_REMOVED: _says(lambda: _("You removed a setting of your organization")),
    Event.DOOR_CHANGED: _says(lambda: _("Emergency access was changed")),
    Event.DOOR_GRANTED: _says(lambda: _("You were given emergency access")),
    Event.DOOR_REVOKED: _says(lambda: _("Your emergency access was taken back")),
    Event.DOOR_SET_UP: _says(lambda: _("You set up emergency access")),
    Event.DOOR_ENTERED: _says(lambda: _("You signed in by emergency access")),
    Event.DOOR_REFUSED: _says(lambda: _("A try at emergency access was refused")),
    Event.SPRAYED: _says(lambda: _("Many wrong passwords were tried in your organization")),
    Event.THROTTLED: _says(lambda: _("Signing in was paused after too many tries")),
    Event.PASSKEY_CLONE: _says(lambda: _("A passkey was refused: it looks like a copy")),
    Event.LOGIN_ABANDONED: _says(lambda: _("A sign-in was begun and not finished")),
    Event.CONNECTION_TESTED: _says(lambda: _("You tried a way to sign in of your organization")),
    Event.SUPPORT_GRANTED: _says(lambda: _("You let operators look into your organization’s console")),
    Event.SUPPORT_REVOKED: _support_over,
    **dict.fromkeys(_BY_OPERATORS, _says(lambda: _("An operator looked into your organization’s console"))),
    Event.TRACE_SHARED: _says(lambda: _("You shared what happened at a sign-in")),
    **dict.fromkeys(_OF_THE_ORGANIZATION, _says(lambda: _("Something about how your organization signs in was changed"))),
    Event.BROKEN: _says(lambda: _("Something went wrong here")),
}
"""Every event has its words (a test says so)."""
