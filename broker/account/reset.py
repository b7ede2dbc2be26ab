"""Resetting all second factors at once (L8).

A password is never without one, so where there is a password a new authenticator app is proven first, and everything
old goes in the same step (app.py). Without a password they simply go.
"""

from flask import g, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from broker.account.app import begin_app
from broker.account.changes import back, clock_now, own_page, reset_all_factors
from broker.account.holdings import Holdings, holdings_of
from broker.guard import require_fresh, require_person


def reset_page() -> Response:
    """GET: what it takes away, in numbers."""
    person = require_person()
    require_fresh(person)
    held = holdings_of(person)
    if not held.has_factors:
        return back()
    then = _("First you set up a new app. Nothing changes until that works.") if held.has_password else ""
    return own_page(
        "account/confirm.html",
        person,
        title=_("Reset your second factors?"),
        sentences=[_loss(held), *filter(None, [then])],
        may_go_on=True,
        label=_("Continue to the new app") if held.has_password else _("Remove them and sign out everywhere else"),
        is_danger=not held.has_password,
        cancel_url=url_for("account.overview"),
    )


def reset() -> Response:
    """POST: on to the new app, or at once where no password has to be protected."""
    person = require_person()
    require_fresh(person)
    held = holdings_of(person)
    if not held.has_factors:
        return back()
    if held.has_password:
        return begin_app(person, resets=True)
    now = clock_now()
    with g.db.writing() as db:
        reset_all_factors(db, person, now)
    return back("factors_reset")


def _loss(held: Holdings) -> str:
    lost = []
    if held.app is not None:
        lost.append(_("the authenticator app"))
    if held.passkeys:
        lost.append(_("passkeys: %(count)s", count=len(held.passkeys)))
    if held.codes_left:
        lost.append(_("recovery codes: %(count)s", count=held.codes_left))
    return str(_("This takes away: %(list)s. You are signed out everywhere else.", list="; ".join(lost)))
