"""A test sign-in by an admin's one-time link: the page that starts it, and the page of what it has shown (U7, AC-09).

Opening the link uses nothing up. Start takes it, in a transaction whose purpose is `test`: no other page of the flow knows
such a one, and its return ends in tested.py. It works for drafts and for connections that are off.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from flask import g, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy import Row
from werkzeug.wrappers import Response

from broker.sentences import texts_of
from broker.session import present_session
from broker.signin.advice import advice_on
from broker.signin.federated import send
from broker.signin.tested import show_failure, version_under_test
from broker.signin.transaction import SIGN_IN_LIFE, Hints, Transaction, browser_hash, find, insert
from broker.wiring import the_broker
from tenants.causes import BrokerError, Cause, Refusal
from tenants.connection_results import Result
from tenants.connection_tests import START_TEST, TEST, TEST_BY_TOKEN, TEST_OF_ATTEMPT
from tenants.ids import digest
from tenants.snapshot import ConnectionConfig


def link_page(token: str) -> Response:
    """GET: what the link is for. Uses nothing up."""
    with g.db.reading() as db:
        test = db.one(TEST_BY_TOKEN, token=digest(token))
    if test is None or test.started_at is not None or test.expires_at <= _now():
        raise _no_link()
    connection = _connection_of(test)
    words = {"name": connection.label, "number": test.number, "form_action_url": None}
    return make_response(render_template("signin/connection_test.html", **words))


def start(token: str) -> Response:
    """POST: the link is taken, and the browser goes to the provider by the values of the version under test."""
    with g.db.writing() as db:
        test = db.one(START_TEST, token=digest(token), now=_now())
    if test is None:
        raise _no_link()
    transaction = _begin(test)
    try:
        tested, options = version_under_test(test.connection_id, test.number)
        return send(transaction, tested, options, from_form=True)
    except BrokerError as error:
        return show_failure(transaction, error)


def result_page() -> Response:
    """GET: what came of it, for the browser that took the test."""
    with g.db.reading() as db:
        test = db.one(TEST_OF_ATTEMPT, id_hash=digest(request.args.get("tx", "")), browser=browser_hash(), now=_now())
    if test is None or test.finished_at is None:
        raise _no_link()
    connection, result = _connection_of(test), Result.from_json(test.result)
    if _is_of_the_console(test):
        return redirect(url_for("console.connection_result", connection=connection.key, test=test.id), 303)
    page = render_template(
        "signin/connection_test_result.html",
        name=connection.label,
        number=test.number,
        at=test.finished_at,
        result=result,
        heading=_heading(test.cause),
        outcome=outcome_of(result),
        cause=test.cause,
        why=why_failed(test.cause, connection.label),
        advice=advice_on(test.cause),
        more=[(name_of_fact(name), value) for name, value in result.more.items()],
    )
    return make_response(page)


def outcome_of(result: Result) -> str:
    """What a sign-in would do, in a sentence."""
    who = result.account or result.email or result.subject
    sentences = {
        "sign_in": _("Would sign in to the account %(who)s.", who=who),
        "create": _("Would get a new account, %(who)s.", who=who),
        "link": _("Would be linked to the account %(who)s at once, and sign in to it.", who=who),
        "ask": _("Would be asked to prove the account %(who)s once; then both ways work.", who=who),
        "refuse": _("Would be refused."),
    }
    return str(sentences.get(result.act, ""))


def _is_of_the_console(test: Row[Any]) -> bool:
    """Did an admin begin it there, in this very browser?"""
    person = present_session()
    return person is not None and person.row.account_id == test.made_by


def _begin(test: Row[Any]) -> Transaction:
    values = {"test_id": test.id, "method": _connection_of(test).key}
    tx = insert(url_for("home.home"), None, Hints(), TEST, SIGN_IN_LIFE, values)
    begun = find(tx, TEST)
    if begun is None:
        raise Refusal(Cause.FLOW_EXPIRED, "the transaction ended meanwhile")
    return begun


def _connection_of(test: Row[Any]) -> ConnectionConfig:
    connections: Iterable[ConnectionConfig] = g.tenant.connections.values()
    found = next((one for one in connections if one.id == test.connection_id), None)
    if found is None:
        raise _no_link()
    return found


def _heading(cause: str | None) -> str:
    return str(_("The test sign-in failed") if cause else _("The test sign-in worked"))


def name_of_fact(fact: str) -> str:
    """Of what the provider said about its refusal."""
    return str(_("In its words") if fact == "description" else _("Its code"))


def why_failed(cause: str | None, label: str) -> str:
    """What a person would have read."""
    if cause is None:
        return ""
    words = {"provider": label, "organization": g.tenant.name, "application": _("this application")}
    words |= {"email": _("another address"), "domain": _("this domain"), "until": _("later")}
    return str(texts_of(Cause(cause), None)[0]) % words


def _no_link() -> Refusal:
    return Refusal(Cause.INVITATION_USED, "unknown, taken or run out", fact="test")


def _now() -> datetime:
    return the_broker().ports.clock.now()
