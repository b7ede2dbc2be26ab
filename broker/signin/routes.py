"""The addresses of the flow, and its first pages: which way does this person go?"""

from functools import partial

from flask import Blueprint, g, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from broker.device import has_just_signed_out
from broker.language import language
from broker.next_steps import stuck_links
from broker.signin import (
    activate,
    backchannel,
    backdoor,
    backdoor_set_up,
    connection_test,
    consent,
    factor_pages,
    federated,
    leaked,
    link,
    local,
    mailed_code,
    passkey_sign_in,
    reset,
    saml,
    saml_logout,
)
from broker.signin.callback import take_return
from broker.signin.disclose import tell_state
from broker.signin.dispatch import go_on, step_to
from broker.signin.offers import first_login_url
from broker.signin.question import address_of, question_of, require_way, way_buttons
from broker.signin.returns import begin_again
from broker.signin.transaction import Hints, Transaction, begin, require, take_way
from tenants.addresses import AddressError, normalise_address
from tenants.causes import Refusal
from tenants.discovery import Decision, discover
from tenants.ways import LOCAL

signin = Blueprint("signin", __name__, subdomain="tenant")


@signin.get("/sign-in")
def sign_in() -> Response:
    """The first page of an attempt. Without an attempt in the address, one begins that leads home.

    `login_hint` is the finder's: its link brings the address along.
    """
    if "tx" not in request.args:
        return begin(url_for("home.home"), hints=Hints(login_hint=_address_in_link()))
    transaction = require()
    ended = "ended" in request.args or transaction.row.method is not None or has_just_signed_out()
    decision = discover(question_of(transaction, None, has_just_ended=ended))
    if decision.go is not None and decision.go != LOCAL:
        return federated.start(transaction, decision.go)
    return _first_page(transaction, decision, _hinted(transaction, decision), {})


@signin.post("/sign-in")
def choose_way() -> Response:
    """A button, or an address that is sent where it belongs. Never looks at accounts (RT-04)."""
    transaction = require()
    if key := request.form.get("connection"):
        return _enter(transaction, key, from_form=True)
    typed = request.form.get("email", "")
    try:
        address = normalise_address(typed)
    except AddressError as error:
        decision = discover(question_of(transaction, None, has_just_ended=True))
        return _first_page(transaction, decision, typed[:320], {"email": _(str(error))}, 400)
    decision = discover(question_of(transaction, address))
    if decision.cause is not None:
        raise Refusal(decision.cause, "; ".join(reason.sentence for reason in decision.reasons), email=address.text)
    take_way(transaction, LOCAL if decision.go == LOCAL else None, email=address.text)
    if decision.go == LOCAL:
        tell_state(address)
        return go_on(transaction)
    if decision.go is not None:
        return federated.start(transaction, decision.go, from_form=True)
    return step_to("signin.choose", transaction)


@signin.get("/sign-in/choose")
def choose() -> Response:
    """Other ways to sign in, or the same one with another account."""
    transaction = require()
    if way := request.args.get("way"):
        return _enter(transaction, way, switch_account="other" in request.args)
    decision = discover(question_of(transaction, address_of(transaction), has_just_ended=True))
    if transaction.row.email is None:
        return _first_page(transaction, decision, "", {}, shows_all=True)
    page = render_template(
        "signin/choose.html",
        tx=transaction.tx,
        email=transaction.row.email,
        restart_url=url_for("signin.sign_in", tx=transaction.tx, ended="1"),
        ways=way_buttons(decision.ways, decision.first),
        stuck=stuck_links(),
    )
    return make_response(page)


@signin.post("/sign-in/choose")
def choose_other_way() -> Response:
    """A button of the chooser."""
    return _enter(require(), request.form.get("connection", ""), from_form=True)


@signin.get("/sign-in/go/<connection>")
def go(connection: str) -> Response:
    """A link straight to one way, for an attempt that is under way."""
    return _enter(require(), connection)


@signin.get("/sign-in/again")
def again() -> Response:
    """One button that starts an attempt once more after it ended; `done`: with a sign-in, after a reset."""
    return begin_again(request.args.get("tx", ""), is_done="done" in request.args)


@signin.route("/callback/<connection>", methods=["GET", "POST"])
def callback(connection: str) -> Response:
    """Back from an identity provider."""
    return consent.take_return(connection) if consent.is_awaited() else take_return(connection)


@signin.get("/saml/<connection>/metadata")
def saml_metadata(connection: str) -> Response:
    """What we say about ourselves to a SAML identity provider."""
    return saml.metadata(connection)


@signin.route("/saml/<connection>/acs", methods=["GET", "POST"])
def take_saml_response(connection: str) -> Response:
    """Back from a SAML identity provider."""
    return saml.take_response(connection)


@signin.route("/saml/<connection>/slo", methods=["GET", "POST"])
def take_saml_logout(connection: str) -> Response:
    """A SAML identity provider about signing out."""
    return saml_logout.take_message(connection)


@signin.post("/backchannel/<connection>")
def take_logout_token(connection: str) -> Response:
    """An OpenID Provider's server about sessions that have ended there."""
    return backchannel.take_logout_token(connection)


signin.get("/sign-in/test", endpoint="test_result")(connection_test.result_page)
signin.get("/sign-in/test/<token>", endpoint="connection_test")(connection_test.link_page)
signin.post("/sign-in/test/<token>", endpoint="start_connection_test")(connection_test.start)
signin.get("/sign-in/password", endpoint="password")(local.password_page)
signin.post("/sign-in/password", endpoint="check_password")(local.check_password)
signin.get("/sign-in/new-password", endpoint="renew_password")(leaked.password_page)
signin.post("/sign-in/new-password", endpoint="keep_renewed_password")(leaked.keep_password)
signin.get("/sign-in/link", endpoint="link")(link.link_page)
signin.post("/sign-in/link", endpoint="choose_proof")(link.choose_proof)
signin.get("/sign-in/link/confirm", endpoint="confirm_link")(link.confirm_page)
signin.post("/sign-in/link/confirm", endpoint="link_subject")(link.confirm)
signin.get("/sign-in/totp", endpoint="totp")(factor_pages.totp_page)
signin.post("/sign-in/totp", endpoint="check_totp")(factor_pages.check_totp)
signin.get("/sign-in/factor", endpoint="factor")(factor_pages.choose_page)
signin.get("/sign-in/passkey", endpoint="passkey")(passkey_sign_in.passkey_page)
signin.post("/sign-in/passkey", endpoint="check_passkey")(passkey_sign_in.check_passkey)
signin.get("/sign-in/recovery-code", endpoint="recovery_code")(factor_pages.recovery_code_page)
signin.post("/sign-in/recovery-code", endpoint="check_recovery_code")(factor_pages.check_recovery_code)
signin.get("/sign-in/email-code", endpoint="email_code")(factor_pages.email_code_page)
signin.post("/sign-in/email-code", endpoint="check_email_code")(factor_pages.check_email_code)
for _flow, _path in (("first_login", "/first-login"), ("reset", "/reset")):
    for _method, _rest, _endpoint, _view in (
        ("GET", "", "", mailed_code.start_page),
        ("POST", "", "_ask", mailed_code.ask_code),
        ("GET", "/code", "_code", mailed_code.code_page),
        ("POST", "/code", "_check_code", mailed_code.check_code),
        ("GET", "/password", "_password", reset.password_page),
        ("POST", "/password", "_keep_password", reset.keep_password),
        ("GET", "/app", "_app", reset.app_page),
        ("POST", "/app", "_prove_app", reset.prove_app),
    ):
        signin.add_url_rule(_path + _rest, _flow + _endpoint, partial(_view, _flow), methods=[_method])
signin.get("/first-login/done", endpoint="set_up_done")(reset.set_up_done)
signin.get("/reset/done", endpoint="reset_done")(reset.reset_done)
signin.get("/activate", endpoint="activate")(activate.how_to_begin)
signin.get("/activate/password", endpoint="choose_password")(activate.password_page)
signin.post("/activate/password", endpoint="keep_password")(activate.keep_password)
signin.get("/activate/app", endpoint="enrol_app")(activate.app_page)
signin.post("/activate/app", endpoint="prove_app")(activate.prove_app)
signin.get("/activate/done", endpoint="activated")(activate.done_page)
signin.get("/activate/door/password", endpoint="choose_door_password")(backdoor_set_up.password_page)
signin.post("/activate/door/password", endpoint="keep_door_password")(backdoor_set_up.keep_password)
signin.get("/activate/door/app", endpoint="enrol_door_app")(backdoor_set_up.app_page)
signin.post("/activate/door/app", endpoint="prove_door_app")(backdoor_set_up.prove_app)
signin.get("/activate/door/done", endpoint="door_set_up")(backdoor_set_up.done_page)
signin.get("/activate/door/<token>", endpoint="door_link")(backdoor_set_up.link_page)
signin.post("/activate/door/<token>", endpoint="open_door_link")(backdoor_set_up.open_link)
signin.get("/door/<token>", endpoint="door")(backdoor.door_page)
signin.post("/door/<token>", endpoint="enter_by_door")(backdoor.enter_by_door)
signin.get("/consent/<token>", endpoint="consent")(consent.link_page)
signin.post("/consent/<token>", endpoint="begin_consent")(consent.begin_by_link)
signin.get("/consent/at/<connection>", endpoint="own_consent")(consent.own_page)
signin.post("/consent/at/<connection>", endpoint="begin_own_consent")(consent.begin_own)
signin.post("/consent/confirm", endpoint="confirm_consent")(consent.confirm)
signin.get("/activate/<token>", endpoint="invitation")(activate.invitation_page)
signin.post("/activate/<token>", endpoint="open_invitation")(activate.open_invitation)


def _address_in_link() -> str:
    try:
        return normalise_address(request.args.get("login_hint", "")).text
    except AddressError:
        return ""


def _enter(transaction: Transaction, key: str, *, switch_account: bool = False, from_form: bool = False) -> Response:
    """Go on by the way that somebody pressed, if it may be used here."""
    require_way(transaction, key)
    if key != LOCAL:
        return federated.start(transaction, key, switch_account=switch_account, from_form=from_form)
    take_way(transaction, LOCAL)
    if transaction.row.email is None:
        return redirect(url_for("signin.sign_in", tx=transaction.tx, ended="1"), 303)
    return go_on(transaction)


def _hinted(transaction: Transaction, decision: Decision) -> str:
    if transaction.row.email:
        return str(transaction.row.email)
    return decision.address.text if decision.address else ""


def _first_page(
    transaction: Transaction,
    decision: Decision,
    email: str,
    errors: dict[str, str],
    status: int = 200,
    *,
    shows_all: bool = False,
) -> Response:
    application = transaction.application
    is_email_only = g.tenant.policy.sign_in_page == "email_first" and decision.asks_address and not shows_all
    keys = [key for key in decision.ways if key != LOCAL or not decision.asks_address]
    page = render_template(
        "signin/sign_in.html",
        tx=transaction.tx,
        form_action_url=url_for("signin.sign_in"),
        application_name=application.name if application else None,
        email=email,
        errors=errors,
        show_email=decision.asks_address,
        first_login_url=first_login_url(transaction) if decision.asks_address else None,
        passkey_url=passkey_sign_in.offered_url(transaction),
        introduction=g.tenant.branding.text("introduction", language()),
        ways=[] if is_email_only else way_buttons(keys, decision.first),
        stuck=stuck_links(),
    )
    return make_response(page, status)
