"""Recovery codes: made anew, and shown once, in the answer that made them (L7)."""

from flask import g, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from broker.account.changes import back, clock_now, note_change, own_page
from broker.account.holdings import Holdings, holdings_of
from broker.factors import recovery_code
from broker.guard import require_fresh, require_person
from broker.session import SignedIn
from tenants.accounts import LOCK_ACCOUNT


def codes_page() -> Response:
    """GET: what it means. No code is ever shown by asking for a page (SF-07)."""
    person = require_person()
    require_fresh(person)
    held = holdings_of(person)
    if not _are_of_use(held):
        return back()
    return own_page(
        "account/confirm.html",
        person,
        title=_("Make new recovery codes?"),
        sentences=[_meaning(held), _("Have a place for them ready: a password manager, or paper.")],
        may_go_on=True,
        is_danger=False,
        label=_("Make new recovery codes"),
        cancel_url=url_for("account.overview"),
    )


def renew() -> Response:
    """POST: ten new ones; older ones stop working."""
    person = require_person()
    require_fresh(person)
    held = holdings_of(person)
    if not _are_of_use(held):
        return back()
    account_id, now, codes = person.row.account_id, clock_now(), recovery_code.new_codes()
    with g.db.writing() as db:
        db.one(LOCK_ACCOUNT, account=account_id)
        recovery_code.store(db, account_id, codes, now)
        note_change(db, person, "recovery_codes", now, is_loss=held.codes_left > 0)
    return show_codes(person, codes, "")


def show_codes(person: SignedIn, codes: list[str], done: str) -> Response:
    """This once. `done`: what the page says that follows."""
    return recovery_code.page_of(codes, person.row.email, url_for("account.overview", done=done or None))


def _are_of_use(held: Holdings) -> bool:
    """They stand in for another second factor, so there has to be one."""
    return held.app is not None or bool(held.passkeys)


def _meaning(held: Holdings) -> str:
    if not held.codes_left:
        return str(_("You get ten codes. Each lets you in once, instead of the app or a passkey."))
    left = held.codes_left
    return str(_("You get ten codes. The old ones stop working: %(count)s. You are signed out everywhere else.", count=left))
