"""Operators: who there is, inviting another one, switching somebody off."""

from collections.abc import Mapping
from typing import Any

from flask import request, url_for
from flask_babel import gettext as _
from sqlalchemy import Row
from werkzeug.wrappers import Response

from broker.operator.access import Me, require
from broker.operator.frame import confirm_page, go, show
from broker.operator_link import operator_link
from broker.wiring import the_broker
from tenants.addresses import AddressError, normalise_address
from tenants.causes import Cause, Refusal
from tenants.operators import ALL_OPERATORS, OperatorError, invite_operator, switch_operator


def list_page() -> Response:
    """GET: everybody."""
    me = require()
    rows = the_broker().db.look_up(ALL_OPERATORS)
    lines, url = [_line(row) for row in rows], url_for("operator.invite")
    return show("operator/operators.html", me, here="operators", title=_("Operators"), operators=lines, invite_url=url)


def invite_page() -> Response:
    """GET: an address."""
    me = require(fresh=True)
    return _invite_form(me, "")


def invite() -> Response:
    """POST: the link, shown once."""
    me = require(fresh=True)
    typed = request.form.get("email", "")[:320]
    try:
        address = normalise_address(typed)
        with the_broker().db.own_tables() as own:
            token = invite_operator(own, address, the_broker().ports.clock.now(), me.by)
    except (AddressError, OperatorError) as error:
        return _invite_form(me, typed, errors={"email": _(str(error))})
    return _invite_form(me, address.text, operator_link(the_broker().settings, token))


def switch_page(operator: str, error: str = "") -> Response:
    """GET: what switching off, or on, does."""
    me = require(fresh=True)
    row = _require_row(operator)
    who = row.name or row.email or _("The first operator")
    back = (url_for("operator.operators"), _("Operators"))
    if row.is_disabled:
        title, label = _("Switch %(who)s on again?", who=who), _("Switch on")
        sentences = [_("They sign in again with the password and the app that they had.")]
    else:
        title, label = _("Switch %(who)s off?", who=who), _("Switch off")
        sentences = [_("Their sessions end at once, and a link that waits for them works no longer.")]
    if error:
        sentences = [error]
    return confirm_page(
        me, here="operators", title=title, sentences=sentences, label=label, back=back, is_danger=not row.is_disabled
    )


def switch(operator: str) -> Response:
    """POST: off where they are on, and the other way round."""
    me = require(fresh=True)
    row, now = _require_row(operator), the_broker().ports.clock.now()
    try:
        with the_broker().db.own_tables() as own:
            switch_operator(own, operator, is_on=bool(row.is_disabled), now=now, by=me.by)
    except OperatorError as error:
        return switch_page(operator, _(str(error)))
    return go("operator.operators", "switched_on" if row.is_disabled else "switched_off")


def _require_row(operator: str) -> Row[Any]:
    row = next((one for one in the_broker().db.look_up(ALL_OPERATORS) if one.id == operator), None)
    if row is None:
        raise Refusal(Cause.PAGE_UNKNOWN, "no such operator")
    return row


def _line(row: Row[Any]) -> dict[str, object]:
    waits = row.link_hash is not None and row.link_expires_at > the_broker().ports.clock.now()
    return {
        "name": row.name or row.email or _("The first operator"),
        "email": row.email or "",
        "is_on": not row.is_disabled,
        "is_set_up": row.set_up_at is not None,
        "link_until": row.link_expires_at if waits else None,
        "last_login_at": row.last_login_at,
        "url": url_for("operator.switch", operator=row.id),
    }


def _invite_form(me: Me, email: str, link: str = "", errors: Mapping[str, str] | None = None) -> Response:
    return show(
        "operator/invite.html",
        me,
        here="operators",
        title=_("Invite an operator"),
        status=400 if errors else 200,
        email=email,
        link=link,
        errors=errors or {},
        back=(url_for("operator.operators"), _("Operators")),
    )
