"""First login and reset, the first half: an address, and the code that proves it (requirements.md, L2 and L4).

Both flows take the same steps and differ in words. Until the code is proven, pages, statuses and statements are the same
whether or not the address has an account, and whatever state it is in (IR-08, IR-11): only the mail says that.
"""

from flask import make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from broker.errors import record
from broker.factors import email_code
from broker.factors.email_code import CodeState
from broker.session import Proof
from broker.signin import reset
from broker.signin.disclose import tell_state
from broker.signin.offers import require_codes
from broker.signin.question import address_of, require_way
from broker.signin.returns import begin_by_mail
from broker.signin.transaction import Transaction, find, require, save, take_way
from broker.wiring import the_broker
from tenants.addresses import AddressError, normalise_address
from tenants.causes import Cause, Refusal
from tenants.ways import LOCAL

_CAUSES = {
    CodeState.WRONG: Cause.CODE_INVALID,
    CodeState.EXPIRED: Cause.CODE_EXPIRED,
    CodeState.SPENT: Cause.CODE_INVALID,
}


def start_page(flow: str) -> Response:
    """GET: for which address? Begins the flow where the address names another attempt, or none."""
    require_codes()
    tx = request.args.get("tx", "")
    transaction = find(tx, flow)
    if transaction is None:
        return redirect(url_for(f"signin.{flow}", tx=begin_by_mail(flow, tx)), 303)
    return _email_form(transaction, str(transaction.row.email or ""), {})


def ask_code(flow: str) -> Response:
    """POST: a code is sent to whatever address was typed."""
    transaction = _require(flow)
    typed = request.form.get("email", "")
    try:
        address = normalise_address(typed)
    except AddressError as error:
        return _email_form(transaction, typed[:320], {"email": _(str(error))}, 400)
    # What was proven for another address, and what waits for it, ends here.
    take_way(transaction, LOCAL, email=address.text, invitation_id=None, pending_sealed=None, challenge=None)
    require_way(transaction, LOCAL)
    tell_state(address, is_setting_up=True)
    return _send(transaction)


def code_page(flow: str) -> Response:
    """GET: type the code."""
    transaction = _require(flow)
    if transaction.has_proven("mail"):
        return reset.go_on(transaction)
    if address_of(transaction) is None:
        return redirect(url_for(f"signin.{flow}", tx=transaction.tx), 303)
    return _code_form(transaction, {})


def check_code(flow: str) -> Response:
    """POST: one try of a code; or another one is sent."""
    transaction = _require(flow)
    if address_of(transaction) is None:
        return redirect(url_for(f"signin.{flow}", tx=transaction.tx), 303)
    require_way(transaction, LOCAL)
    if "again" in request.form:
        return _send(transaction)
    redeemed = email_code.redeem(transaction, request.form.get("code", ""))
    if redeemed.state is not CodeState.RIGHT:
        record(Refusal(_CAUSES[redeemed.state], f"mailed code {redeemed.state}", email=transaction.row.email))
        return _code_form(transaction, {"code": _sentence(redeemed.state)}, 403)
    proof = Proof("mail", the_broker().ports.clock.now())
    save(transaction, account_id=redeemed.account_id, proofs=[proof.as_json()])
    return reset.go_on(transaction)


def _require(flow: str) -> Transaction:
    require_codes()
    return require(flow)


def _send(transaction: Transaction) -> Response:
    flow = transaction.row.purpose
    try:
        email_code.send(transaction, transaction.row.email, flow)
    except Refusal as refusal:
        if refusal.cause is not Cause.RATE_LIMITED:
            raise
        record(refusal)
        sentence = _(
            "The next code can be sent at %(until)s. One that you got within the last 5 minutes still works.",
            until=refusal.facts["until"],
        )
        if "again" in request.form:
            return _code_form(transaction, {"code": sentence}, 429)
        return _email_form(transaction, transaction.row.email, {"email": sentence}, 429)
    return redirect(url_for(f"signin.{flow}_code", tx=transaction.tx), 303)


def _sentence(state: CodeState) -> str:
    if state is CodeState.WRONG:
        return str(_("This code is not right. Check the newest mail from us."))
    if state is CodeState.SPENT:
        return str(_("This code was typed wrongly too often. Send a new one below."))
    return str(_("This code is older than 5 minutes. Send a new one below."))


def _email_form(transaction: Transaction, email: str, errors: dict[str, str], status: int = 200) -> Response:
    flow = transaction.row.purpose
    application = transaction.application
    page = render_template(
        "signin/first_login.html",
        tx=transaction.tx,
        form_action_url=url_for(f"signin.{flow}"),
        is_reset=flow == "reset",
        application_name=application.name if application else None,
        email=email,
        errors=errors,
        sign_in_url=url_for("signin.again", tx=transaction.tx, done="1"),
        steps_url=None if flow == "reset" else url_for("signin.activate", tx=transaction.tx),
    )
    return make_response(page, status)


def _code_form(transaction: Transaction, errors: dict[str, str], status: int = 200) -> Response:
    flow = transaction.row.purpose
    page = render_template(
        "signin/code.html",
        tx=transaction.tx,
        form_action_url=url_for(f"signin.{flow}_code"),
        email=transaction.row.email,
        restart_url=url_for(f"signin.{flow}", tx=transaction.tx),
        errors=errors,
    )
    return make_response(page, status)
