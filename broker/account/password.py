"""Changing the password: the old one is asked for as well (LC-11). And a mail for who does not know it (L9)."""

from datetime import timedelta
from typing import Any

from flask import g, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from broker.account.changes import back, clock_now, note_change, own_page
from broker.account.holdings import Holdings, holdings_of
from broker.account.overview import Notice, show
from broker.errors import record
from broker.guard import require_fresh, require_person
from broker.mail.letters import post
from broker.moments import clock_time
from broker.next_steps import are_codes_offered
from broker.password_check import judge, objection
from broker.password_rules import checklist, context_of
from broker.session import SignedIn
from broker.wiring import the_broker
from tenants.accounts import LOCK_ACCOUNT
from tenants.causes import Cause, Refusal
from tenants.invitations import make_link
from tenants.own import CHANGE_PASSWORD, OWN_PASSWORD
from tenants.passwords import PasswordError, PasswordPolicy, normalise_password
from tenants.throttles import FORGET_TRIES, Limit, counter_key, take_try

LINK_LIFE = timedelta(minutes=30)
MAIL_LIMIT = Limit(free=3, cap=3, window=timedelta(hours=1), longest=timedelta(hours=1))
"""Reset mails that a person may ask for (IR-09)."""
OWN_PASSWORD_LIMIT = Limit(free=5, cap=20, window=timedelta(hours=24), longest=timedelta(minutes=15))
"""Tries of the current password by whoever sits at a session that is open."""


def password_page() -> Response:
    """GET: the rules, before anything is typed."""
    person = require_person()
    require_fresh(person)
    held = holdings_of(person)
    return _form(person, held, None, {}) if held.has_password else back()


def change_password() -> Response:
    """POST: the current password, and a new one twice. The other sessions end."""
    person = require_person()
    require_fresh(person)
    held = holdings_of(person)
    if not held.has_password:
        return back()
    outcomes, errors = _judged(held)
    if errors:
        return _form(person, held, outcomes, errors, 400)
    _take_try(person)
    old_hash = _proven_hash(person)
    if old_hash is None:
        record(Refusal(Cause.CREDENTIALS_INVALID, "wrong current password", account_id=person.row.account_id))
        return _form(person, held, outcomes, {"password": _("This is not your current password.")}, 403)
    _write(person, held, old_hash, the_broker().hasher.hash(normalise_password(request.form["new_password"])))
    return back("password")


def mail_link() -> Response:
    """POST: a link for a new password, to the address that the account has and no other (SF-09)."""
    person = require_person()
    held, now = holdings_of(person), clock_now()
    if not held.is_local or not are_codes_offered():
        return back()
    with g.db.writing() as db:
        until = take_try(db, counter_key("reset-mail", person.row.account_id), MAIL_LIMIT, now)
    if until is not None:
        time = clock_time(until)
        pause = _("That is enough mails for now. You can ask for the next one at %(time)s.", time=time)
        return show(person, Notice("warning", "hourglass-split", str(pause)), 429)
    expires_at = now + LINK_LIFE
    with g.db.writing() as db:
        token = make_link(db, person.row.account_id, "reset", now, LINK_LIFE)
        post(db, held.account.email, "reset_link", now, token=token, expires_at=expires_at.isoformat())
    return back("mail")


def _judged(held: Holdings) -> tuple[Any, dict[str, str]]:
    """What the rules say of the new password, and what to say at the fields."""
    typed, again = request.form.get("new_password", ""), request.form.get("repeat_password", "")
    try:
        outcomes = judge(_rules(held), typed, held.account)
        same = normalise_password(typed) == normalise_password(again)
    except PasswordError:
        return None, {"new_password": _("This can’t be a password: it is too long, or not text.")}
    refused = objection(outcomes)
    if refused is None and typed == request.form.get("password"):
        refused = str(_("This is the password that you have now. Choose another one."))
    if refused is not None:
        return outcomes, {"new_password": refused}
    return outcomes, {} if same else {"repeat_password": _("The two entries are not the same.")}


def _rules(held: Holdings) -> PasswordPolicy:
    policy: PasswordPolicy = g.tenant.policy_for(held.account.organization_id).password_policy
    return policy


def _take_try(person: SignedIn) -> None:
    with g.db.writing() as db:
        until = take_try(db, _counter(person), OWN_PASSWORD_LIMIT, clock_now())
    if until is not None:
        raise Refusal(Cause.RATE_LIMITED, "own password", until=clock_time(until), account_id=person.row.account_id)


def _proven_hash(person: SignedIn) -> str | None:
    """The stored hash, if the current password was typed."""
    with g.db.reading() as db:
        row = db.one(OWN_PASSWORD, account=person.row.account_id)
    try:
        typed = normalise_password(request.form.get("password", ""))
    except PasswordError:
        typed = ""
    known = row.secret_hash if row else None
    return str(known) if the_broker().hasher.verify(known, typed) and known else None


def _write(person: SignedIn, held: Holdings, old_hash: str, new_hash: str) -> None:
    account_id, now = person.row.account_id, clock_now()
    with g.db.writing() as db:
        # A sign-in that opens its session now is waited for, and ends with the others.
        db.one(LOCK_ACCOUNT, account=account_id)
        if not db.run(CHANGE_PASSWORD, credential_id=held.password.id, old_hash=old_hash, new_hash=new_hash, now=now):
            raise Refusal(Cause.FLOW_EXPIRED, "the password was changed meanwhile", account_id=account_id)
        db.run(FORGET_TRIES, key=_counter(person))
        note_change(db, person, "password", now)


def _counter(person: SignedIn) -> str:
    return counter_key("own-password", person.row.account_id)


def _form(person: SignedIn, held: Holdings, outcomes: Any, errors: dict[str, str], status: int = 200) -> Response:
    policy = _rules(held)
    return own_page(
        "account/password.html",
        person,
        status,
        email=held.account.email,
        rules=checklist(policy, context_of(held.account), outcomes or ()),
        errors=errors,
        minimum=policy.min_length,
        maximum=policy.max_length,
        cancel_url=url_for("account.overview"),
    )
