"""The one dispatcher: reads the transaction's row and says where the browser goes next."""

from collections.abc import Mapping

from flask import g, make_response, redirect, render_template, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from broker.signin.complete import complete, require_admitted
from broker.signin.transaction import Transaction
from tenants.ways import LOCAL


def go_on(transaction: Transaction) -> Response:
    """Send the browser to the next step of this attempt, or finish it."""
    method = transaction.row.method
    if method is None:
        return step_to("signin.sign_in", transaction)
    if method == LOCAL:
        return _go_on_locally(transaction)
    if not transaction.has_proven("fed"):
        return step_to("signin.choose", transaction)
    admitted = require_admitted(transaction)
    if admitted.factor_needed and not transaction.has_proven("otp"):
        return step_to("signin.totp", transaction)
    return complete(transaction, admitted)


def _go_on_locally(transaction: Transaction) -> Response:
    if not transaction.row.email:
        return step_to("signin.sign_in", transaction)
    if not transaction.has_proven("pwd"):
        return step_to("signin.password", transaction)
    if not transaction.has_proven("otp"):
        return step_to("signin.totp", transaction)
    return complete(transaction, require_admitted(transaction))


def step_to(endpoint: str, transaction: Transaction) -> Response:
    """A redirect to a step's page, asked for with GET."""
    return redirect(url_for(endpoint, tx=transaction.tx), 303)


def hand_over(url: str, name: str) -> Response:
    """A page that goes on to another site by itself, where a form's CSP would stop a redirect (design.md, section 3)."""
    return make_response(render_template("signin/hand_over.html", name=name or _("the next page"), url=url))


def post_over(url: str, name: str, fields: Mapping[str, str]) -> Response:
    """The same for what has to be posted there."""
    g.form_targets = (url,)
    return make_response(render_template("signin/post_over.html", name=name or _("the next page"), url=url, fields=fields))
