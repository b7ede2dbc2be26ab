"""First login and reset, the second half: what an address that was proven may set (requirements.md, L2 and L4).

Who has a second factor shows it, on the pages of the sign-in, and then chooses a password: no mailbox is ever enough
(IR-03). Who has none enrols an app as with an invitation. A reset never signs in: that comes after, with all that it takes.
"""

from typing import Any

from flask import g, make_response, redirect, render_template, request, url_for
from sqlalchemy import Row
from werkzeug.wrappers import Response

from broker.session import Proof, present_session, signed_in
from broker.signin import set_up
from broker.signin.dispatch import step_to, step_to_factor
from broker.signin.renewal import has_factor, require_renewable, sign_in, write_password, write_set_up
from broker.signin.returns import begin_by_mail, find_return
from broker.signin.second_factor import EMAIL_CODE, ways_of
from broker.signin.set_up import NewCredentials, SetUp
from broker.signin.transaction import BY_MAIL, Transaction, require
from broker.wiring import the_broker
from tenants.causes import Cause, Refusal
from tenants.credentials import ACCOUNT_FACTS

SECOND_FACTORS = frozenset({"otp", "hwk", "rec"})
"""Proofs that are one. Neither another mail nor a device that is trusted (SF-05)."""


def begin_by_link(account: Row[Any], invitation_id: str) -> Response:
    """POST of a reset link: the address is proven by it. It is spent with the new password, not before."""
    proof = Proof("mail", the_broker().ports.clock.now())
    tx = begin_by_mail(
        "reset", account_id=account.id, invitation_id=invitation_id, email=account.email, proofs=[proof.as_json()]
    )
    return redirect(url_for("signin.reset_password", tx=tx), 303)


def go_on(transaction: Transaction) -> Response:
    """From the address that was proven to what is next. From here on the exact cause is told."""
    require_renewable(_require_account(transaction))
    return step_to(f"signin.{transaction.row.purpose}_password", transaction)


def password_page(flow: str) -> Response:
    """GET: the rules, before anything is typed; ahead of it the second factor."""
    done = _require_set_up(flow)
    if _is_factor_due(done):
        return _to_factor(done)
    return set_up.password_page(done)


def keep_password(flow: str) -> Response:
    """POST: with a second factor that was shown it is written now, else it waits for the app."""
    done = _require_set_up(flow)
    if _is_factor_due(done):
        return _to_factor(done)
    return set_up.keep_password(done, None if done.has_app_step else _finish_reset)


def app_page(flow: str) -> Response:
    """GET: the picture and the secret."""
    return set_up.app_page(_require_without_factor(flow))


def prove_app(flow: str) -> Response:
    """POST: the first code of the app; with it, password and app are written."""
    return set_up.prove_app(_require_without_factor(flow), _finish_set_up)


def set_up_done() -> Response:
    """GET: the end of a set-up, and on to where the person came from: signed in, or by a sign-in."""
    return _done_page(is_reset=False)


def reset_done() -> Response:
    """GET: the end of a reset, and on to a sign-in."""
    return _done_page(is_reset=True)


def _finish_set_up(done: SetUp, made: NewCredentials) -> None:
    """A first login ends signed in, as an invitation does: address, password and app were all shown. A reset does not."""
    transaction, now, before = done.transaction, the_broker().ports.clock.now(), present_session()
    with g.db.writing() as db:
        write_set_up(db, transaction, done.account, made, now)
        if transaction.row.purpose != "reset":
            sign_in(db, transaction, done.account, now, before)


def _finish_reset(done: SetUp, password_hash: str) -> Response:
    with g.db.writing() as db:
        write_password(db, done.transaction, done.account, password_hash, the_broker().ports.clock.now())
    return redirect(url_for("signin.reset_done", tx=done.transaction.tx), 303)


def _require_set_up(flow: str) -> SetUp:
    transaction = require(flow)
    account = _require_account(transaction)
    require_renewable(account)
    return SetUp(
        transaction=transaction,
        account=account,
        policy=g.tenant.policy_for(account.organization_id).password_policy,
        app_endpoint=f"signin.{flow}_app",
        done_endpoint="signin.set_up_done",
        issuer=g.tenant.name,
        has_app_step=not has_factor(account),
    )


def _require_without_factor(flow: str) -> SetUp:
    done = _require_set_up(flow)
    if not done.has_app_step:
        raise Refusal(Cause.FLOW_EXPIRED, "there is a second factor meanwhile", fact="mailed", account_id=done.account.id)
    return done


def _require_account(transaction: Transaction) -> Row[Any]:
    if not transaction.has_proven("mail"):
        raise Refusal(Cause.FLOW_EXPIRED, "the address was not proven in this attempt", fact="mailed")
    with g.db.reading() as db:
        account: Row[Any] | None = db.one(ACCOUNT_FACTS, account=transaction.row.account_id)
    if account is None:
        raise Refusal(Cause.ACCOUNT_UNKNOWN, "the account was removed meanwhile", fact="told")
    return account


def _is_factor_due(done: SetUp) -> bool:
    shown = any(proof.method in SECOND_FACTORS for proof in done.transaction.proofs)
    return has_factor(done.account) and not shown


def _to_factor(done: SetUp) -> Response:
    """The person has one; where policy lets none be used any more, only an admin can help (L8)."""
    if not set(ways_of(done.account.id)) - {EMAIL_CODE}:
        detail = "no second factor that may be used"
        raise Refusal(Cause.METHOD_NOT_ALLOWED, detail, fact="no_factor", account_id=done.account.id)
    return step_to_factor(done.transaction)


def _done_page(*, is_reset: bool) -> Response:
    tx = request.args.get("tx", "")
    row = find_return(tx)
    application = g.tenant.application_by_id(row.application_id) if row is not None else None
    is_signed_in = not is_reset and signed_in() is not None
    on = row.return_to if row is not None and row.purpose in BY_MAIL else url_for("home.home")
    page = render_template(
        "signin/done.html",
        is_reset=is_reset,
        is_signed_in=is_signed_in,
        application_name=application.name if application else None,
        continue_url=on if is_signed_in else url_for("signin.again", tx=tx, done="1"),
    )
    return make_response(page)
