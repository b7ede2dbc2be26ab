"""The one dispatcher: reads the transaction's row and says where the browser goes next."""

from collections.abc import Mapping

from flask import g, make_response, redirect, render_template, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from broker.signin.complete import complete, require_admitted
from broker.signin.second_factor import EMAIL_CODE, PASSKEY, RECOVERY_CODE, TOTP, factors_of
from broker.signin.transaction import Transaction
from tenants.ways import LOCAL

STEP_OF_FACTOR: Mapping[str, str] = {
    TOTP: "signin.totp",
    PASSKEY: "signin.passkey",
    RECOVERY_CODE: "signin.recovery_code",
    EMAIL_CODE: "signin.email_code",
}
_FIRST_STEPS = frozenset({"pwd", "hwk"})
"""What a local sign-in begins with: a password, or a passkey, which is all of it."""


def go_on(transaction: Transaction, *, trusts_device: bool = False) -> Response:
    """Send the browser to the next step of this attempt, or finish it. `trusts_device`: see `complete`."""
    method = transaction.row.method
    if transaction.is_by_mail:
        return step_to(f"signin.{transaction.row.purpose}_password", transaction)
    if method is None:
        return step_to("signin.sign_in", transaction)
    missing = _missing_step(transaction)
    if missing is not None:
        return step_to(missing, transaction)
    if [proof.method for proof in transaction.proofs] == ["pwd"]:
        return step_to_factor(transaction)
    admitted = require_admitted(transaction)
    if admitted.factor_needed:
        return step_to_factor(transaction)
    if transaction.has_proven("pwd") and transaction.row.pending_sealed:
        return step_to("signin.renew_password", transaction)
    if transaction.hints.link:
        return step_to("signin.confirm_link", transaction)
    return complete(transaction, admitted, trusts_device=trusts_device)


def _missing_step(transaction: Transaction) -> str | None:
    """The page of the first step, as long as that one was not taken in this attempt (SF-03)."""
    if transaction.row.method != LOCAL:
        return None if transaction.has_proven("fed") else "signin.choose"
    if not transaction.row.email:
        return "signin.sign_in"
    return None if any(transaction.has_proven(method) for method in _FIRST_STEPS) else "signin.password"


def step_to(endpoint: str, transaction: Transaction) -> Response:
    """A redirect to a step's page, asked for with GET."""
    return redirect(url_for(endpoint, tx=transaction.tx), 303)


def step_to_factor(transaction: Transaction) -> Response:
    """To the page of the second factor that this account is asked for first."""
    return step_to(STEP_OF_FACTOR[factors_of(transaction).ways[0]], transaction)


def hand_over(url: str, name: str) -> Response:
    """A page that goes on to another site by itself, where a form's CSP would stop a redirect (design.md, section 3)."""
    return make_response(render_template("signin/hand_over.html", name=name or _("the next page"), url=url))


def post_over(url: str, name: str, fields: Mapping[str, str]) -> Response:
    """The same for what has to be posted there."""
    g.form_targets = (url,)
    return make_response(render_template("signin/post_over.html", name=name or _("the next page"), url=url, fields=fields))
