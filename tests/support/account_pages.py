"""Samples of a person's own pages: whole, nearly empty, and each page on which one thing is changed."""

from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

from broker.account.activity import EventLine
from broker.account.applications import ConsentLine
from broker.account.holdings import Holdings
from broker.account.overview import Events, IdentityLine, Notice, SessionLine
from broker.bar import Bar
from broker.scope_words import ScopeLine
from tests.support.samples import AT, EMAIL, RULES, Sample

BAR = Bar("Jane Doe", "account", "/", "/account", "/sign-out")
HOME_BAR = replace(BAR, here="home")
_OLD = AT - timedelta(days=200)
_NAMES = (
    "address",
    "password",
    "mail_link",
    "app",
    "app_removal",
    "codes",
    "passkey",
    "passkey_name",
    "passkey_removal",
    "reset",
)
_URLS = {name: f"/account/{name}" for name in (*_NAMES, "end_session", "end_others", "withdraw")}
_JANE = SimpleNamespace(name="Jane Doe", email=EMAIL, is_email_verified=True, factors_reset_at=None)


def _used(**values: Any) -> SimpleNamespace:
    return SimpleNamespace(**{"created_at": _OLD, "last_used_at": AT, "last_address": "192.0.2.7"} | values)


_FULL = Holdings(
    account=_JANE,
    password=_used(),
    app=_used(),
    passkeys=(_used(id="pky_1", label="Jane’s laptop"), _used(id="pky_2", label="Telephone", last_used_at=None)),
    codes_left=8,
    codes_made_at=_OLD,
    is_local=True,
    are_passkeys_offered=True,
)
_ONLY_APP = replace(
    _FULL,
    passkeys=(),
    codes_left=0,
    account=SimpleNamespace(name="", email=EMAIL, is_email_verified=False, factors_reset_at=_OLD),
)
_NOTHING = replace(
    _ONLY_APP, password=None, app=None, codes_made_at=None, are_passkeys_offered=False, is_local=False, account=_JANE
)
_UNSET = replace(_NOTHING, is_local=True, are_passkeys_offered=True)
_MICROSOFT = IdentityLine("Microsoft", "way-microsoft", EMAIL, _OLD, AT, True, True)
_COMPANY = IdentityLine("Acme company login", "way-saml", "", _OLD, None, False, False)
_HERE = SessionLine("ses_1", "Firefox on Windows", "laptop", "192.0.2.7", AT, AT, "Travel Expenses, Wiki", True, False)
_PHONE = SessionLine("ses_2", "Safari on iPhone", "phone", "2001:db8::7", _OLD, AT, "Desk Reservation", False, False)
_DOOR = SessionLine("ses_3", "Unknown device", "laptop", "", _OLD, AT, "", False, True)
_LINES = (
    EventLine("You signed in with Microsoft", AT, "192.0.2.7 · Firefox on Windows"),
    EventLine("A passkey was added", _OLD, "192.0.2.7"),
    EventLine("Your account was created", _OLD, ""),
)
_WARNING = Notice(
    "warning",
    "exclamation-triangle",
    "You have no recovery codes. With them you get in even if you lose your phone.",
    "/account/codes",
    "Make new ones",
)
_DONE = Notice("success", "check-circle", "Your password was changed. You were signed out everywhere else.")
_LATER = {"bar": BAR, "cancel_url": "/account"}


def _overview(held: Holdings, **values: Any) -> Sample:
    context = {
        "bar": BAR,
        "account": held.account,
        "held": held,
        "identities": (),
        "sessions": (_HERE,),
        "consents": (),
        "events": Events(_LINES, None),
        "notice": None,
        "urls": _URLS,
    }
    return Sample("account/overview.html", context | values)


def _words(scope: str) -> ScopeLine:
    return ScopeLine("envelope", f"See your {scope}", scope)


def _confirm(**values: Any) -> Sample:
    return Sample("account/confirm.html", _LATER | {"may_go_on": True} | values)


_CONSENT = ConsentLine("app_1", "Partner Portal", AT, [_words("email"), _words("groups")], "nickname")
_OPTIONS = '{"challenge": "x", "user": {"id": "x", "name": "jane"}}'
_PASSWORD = {"bar": BAR, "cancel_url": "/account", "email": EMAIL, "rules": RULES, "errors": {}, "minimum": 8, "maximum": 16}
_CODE = {"tx": "txn_1", "email": EMAIL, "cancel_url": "/account"}
_PASSKEY = _LATER | {
    "tx": "txn_1",
    "options": _OPTIONS,
    "label": "Firefox on Windows",
    "errors": {},
    "notice": None,
    "form_action_url": "/x",
}

ACCOUNT_SAMPLES: dict[str, Sample] = {
    "account": _overview(
        _FULL,
        identities=(_MICROSOFT, _COMPANY),
        sessions=(_HERE, _PHONE, _DOOR),
        consents=(_CONSENT,),
        events=Events(_LINES, "/account/activity?before=x"),
    ),
    "account-only-app": _overview(_ONLY_APP, notice=_WARNING),
    "account-done": _overview(_FULL, notice=_DONE),
    "account-by-provider": _overview(_NOTHING, identities=(_MICROSOFT,)),
    "account-without-password-yet": _overview(_UNSET, events=Events((), None)),
    "account-of-nothing": _overview(_NOTHING, events=Events((), None)),
    "activity": Sample("account/activity.html", {"bar": BAR, "events": Events(_LINES, "/older"), "account_url": "/account"}),
    "activity-none": Sample("account/activity.html", {"bar": BAR, "events": Events((), None), "account_url": "/account"}),
    "confirm-address": Sample("account/address.html", _CODE | {"errors": {}}),
    "confirm-address-not-right": Sample("account/address.html", _CODE | {"errors": {"code": "This code is not right."}}),
    "change-password": Sample("account/password.html", _PASSWORD),
    "change-password-not-right": Sample(
        "account/password.html", _PASSWORD | {"errors": {"password": "This is not your current password."}}
    ),
    "remove-app": _confirm(
        title="Remove the authenticator app?",
        sentences=["From then on you sign in with a passkey, or with your password and a passkey."],
        label="Remove the app and sign out everywhere else",
    ),
    "remove-last-factor": _confirm(
        title="Remove the passkey “Jane’s laptop”?",
        sentences=["It is your only second factor, and a password needs one. Set up an authenticator app first."],
        label="",
        may_go_on=False,
    ),
    "renew-codes": _confirm(
        title="Make new recovery codes?",
        sentences=["You get ten codes. The old ones stop working: 8.", "Have a place for them ready."],
        label="Make new recovery codes",
        is_danger=False,
    ),
    "reset-factors": _confirm(
        title="Reset your second factors?",
        sentences=["This takes away: the authenticator app; passkeys: 2; recovery codes: 8.", "First you set up a new app."],
        label="Continue to the new app",
        is_danger=False,
    ),
    "add-passkey": Sample("account/passkey.html", _PASSKEY),
    "add-passkey-failed": Sample("account/passkey.html", _PASSKEY | {"notice": "This device did not make one."}),
    "rename-passkey": Sample("account/passkey_name.html", _LATER | {"label": "Jane’s laptop", "errors": {}}),
    "rename-passkey-empty": Sample(
        "account/passkey_name.html", _LATER | {"label": "", "errors": {"label": "Give it a name that you will know it by."}}
    ),
}
