"""The one-time link of an operator: a name, a password and an app; then they are signed in.

The app's secret is derived from the link: nothing is kept before the last step, and opening the link changes nothing.
"""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from typing import Any

from flask import g, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy import Row
from werkzeug.wrappers import Response

from broker.factors.totp import enrolment_url, matching_step
from broker.password_rules import sentence_of
from broker.tenancy import client_address
from broker.wiring import the_broker
from tenants.addresses import Address, AddressError, normalise_address
from tenants.causes import Cause, Refusal
from tenants.guessing import context_words
from tenants.ids import digest, is_same
from tenants.operators import (
    OPERATOR_OF_LINK,
    By,
    Made,
    OperatorError,
    open_operator_session,
    place_of_seed,
    set_up_operator,
)
from tenants.passwords import PRESETS, PasswordError, check_password, normalise_password

_SEED_CHARACTERS = 32
_PRESET = "nist"


def page(token: str) -> Response:
    """GET: the form. Consumes nothing."""
    return _form(token, _require_link(token), {})


def finish(token: str) -> Response:
    """POST: everything at once; the link is spent with it."""
    row = _require_link(token)
    seed, now = _seed(token), the_broker().ports.clock.now()
    errors: dict[str, str] = {}
    name = " ".join(request.form.get("name", "").split())[:200]
    address = _address(row, errors)
    password = _password(name, address, errors)
    step = matching_step(seed, request.form.get("code", "")[:20], now)
    if not name or not name.isprintable():
        errors["name"] = _("Type your name.")
    if step is None:
        errors["code"] = _("That code didn’t match. Type the one that the app shows now.")
    if errors or address is None or step is None:
        return _form(token, row, errors)
    sealed = the_broker().vault.seal(seed, place_of_seed(row.id))
    made = Made(name, address, the_broker().hasher.hash(password), sealed, step)
    by = By(None, client_address())
    try:
        with the_broker().db.own_tables() as own:
            operator_id = set_up_operator(own, token, made, now, by)
            if operator_id is None:
                raise Refusal(Cause.PAGE_UNKNOWN, "the link was used meanwhile")
            own.flush()
            g.operator_secret = open_operator_session(own, operator_id, now, by)
    except OperatorError as error:
        return _form(token, row, {"email": _(str(error))})
    return redirect(url_for("operator.tenants", done="set_up"), 303)


def _require_link(token: str) -> Row[Any]:
    """A wrong or old link is like any page that is not there."""
    now = the_broker().ports.clock.now()
    row = next(iter(the_broker().db.look_up(OPERATOR_OF_LINK, link=digest(token), now=now)), None)
    if row is None:
        raise Refusal(Cause.PAGE_UNKNOWN, "no such link")
    return row


def _seed(token: str) -> str:
    key = the_broker().vault.derive("operator seed")
    raw = hmac.new(key, token.encode("utf-8", "surrogatepass"), hashlib.sha256).digest()
    return base64.b32encode(raw).decode()[:_SEED_CHARACTERS]


def _address(row: Row[Any], errors: dict[str, str]) -> Address | None:
    """Fixed by the invitation, but for the very first operator."""
    try:
        return normalise_address(row.email or request.form.get("email", ""))
    except AddressError as error:
        errors["email"] = _(str(error))
        return None


def _password(name: str, address: Address | None, errors: dict[str, str]) -> str:
    typed, again = request.form.get("new_password", ""), request.form.get("repeat_password", "")
    words = context_words("operator", (), (name,), address.local if address else "")
    try:
        outcomes = check_password(PRESETS[_PRESET], typed, words)
        if (unmet := next((one for one in outcomes if not one.met), None)) is not None:
            errors["new_password"] = sentence_of(unmet)
        elif not is_same(typed, again):
            errors["repeat_password"] = _("The two entries are not the same.")
        return normalise_password(typed)
    except PasswordError as error:
        errors["new_password"] = _(str(error))
        return ""


def _form(token: str, row: Row[Any], errors: Mapping[str, str]) -> Response:
    seed = _seed(token)
    email = row.email or request.form.get("email", "")[:320]
    page = render_template(
        "operator/set-up.html",
        email=email,
        asks_email=row.email is None,
        name=request.form.get("name", row.name)[:200],
        seed=" ".join(seed[at : at + 4] for at in range(0, len(seed), 4)),
        seed_url=enrolment_url(seed, email or "operator", _("Operator")),
        minimum=PRESETS[_PRESET].min_length_alone,
        errors=errors,
    )
    answer = make_response(page, 400 if errors else 200)
    answer.headers["X-Robots-Tag"] = "noindex, nofollow"
    return answer
