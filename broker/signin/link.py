"""An account with the address of an arrival exists: its owner proves it, and from then on both ways work (U6, OU-21, OU-22).

| page | |
|---|---|
| `/sign-in/link` | says so and offers the ways of the tenant, the same ones for every account |
| the pages of that way | the proof, in the same attempt; the dispatcher leads back |
| `/sign-in/link/confirm` | links the very subject that came, once, and the attempt goes on with both proofs |
"""

from typing import Any

from flask import g, make_response, redirect, render_template, request, url_for
from sqlalchemy import Row
from sqlalchemy.exc import IntegrityError
from werkzeug.wrappers import Response

from broker.came_by import taken_from_link
from broker.signin import federated
from broker.signin.complete import require_admitted
from broker.signin.dispatch import go_on
from broker.signin.question import way_buttons, ways_to_prove
from broker.signin.received import note_change
from broker.signin.transaction import Transaction, browser_hash, require, require_live, save, take_way, write_way
from broker.wiring import the_broker
from tenants.addresses import normalise_address
from tenants.causes import Cause, Refusal
from tenants.connections import CONNECTION_HELD
from tenants.credentials import ACCOUNT_FACTS
from tenants.db import TenantSession
from tenants.identities import IDENTITY_IS_THERE
from tenants.linking import NewSubject, end_what_was, find_holder, link
from tenants.pending_links import DROP_LINK, PENDING_LINK, SPEND_LINK
from tenants.snapshot import ConnectionConfig
from tenants.transactions import REOPEN_TRANSACTION
from tenants.ways import LOCAL

_FULL_FACTORS = frozenset({"otp", "hwk", "rec"})
"""What has to stand beside a password (SF-04): no mailed code, no device that is trusted instead."""


def link_page() -> Response:
    """GET: there is such an account; by which way does its owner show that it is theirs?"""
    transaction = require()
    pending = _require_pending(transaction)
    return make_response(
        render_template(
            "signin/link.html",
            tx=transaction.tx,
            email=pending.email,
            provider=_connection(pending).label,
            ways=way_buttons(_ways(transaction, pending)),
        )
    )


def choose_proof() -> Response:
    """POST: go on by one of the ways, or without linking."""
    transaction = require()
    pending = _require_pending(transaction)
    if "later" in request.form:
        _drop(transaction, pending)
        return make_response(redirect(url_for("signin.sign_in", tx=transaction.tx, ended="1"), 303))
    key = request.form.get("connection", "")
    if key not in _ways(transaction, pending):
        raise Refusal(Cause.METHOD_NOT_ALLOWED, "no way to prove an account by")
    if key != LOCAL:
        return federated.start(transaction, key, from_form=True)
    take_way(transaction, LOCAL, email=pending.email)
    return go_on(transaction)


def confirm_page() -> Response:
    """GET: the account is proven; says what will be linked to what."""
    transaction = require()
    pending, email = _require_proven(transaction)
    page = render_template(
        "signin/confirm_link.html", tx=transaction.tx, link=pending.id, email=email, provider=_connection(pending).label
    )
    return make_response(page)


def confirm() -> Response:
    """POST: link the subject that came, once, and go on to where the attempt was going; or go on without."""
    transaction = require()
    pending, _email = _require_proven(transaction)
    if "later" in request.form:
        _drop(transaction, pending)
        return go_on(transaction)
    if request.form.get("link") != pending.id:
        raise Refusal(Cause.FLOW_EXPIRED, "the page was about another arrival", connection_id=pending.connection_id)
    try:
        with g.db.writing() as db:
            refusal = _spend(db, transaction, pending)
            if refusal is None:
                _link(db, transaction, pending)
    except IntegrityError:
        refusal = Refusal(Cause.FLOW_EXPIRED, "the subject was linked meanwhile", connection_id=pending.connection_id)
    if refusal is not None:
        raise refusal
    return go_on(transaction)


def _require_pending(transaction: Transaction) -> Row[Any]:
    """The link that waits in this attempt and this browser (OU-22)."""
    now = the_broker().ports.clock.now()
    with g.db.reading() as db:
        row: Row[Any] | None = db.one(PENDING_LINK, now=now, **_key(transaction))
    if row is None:
        raise Refusal(Cause.FLOW_EXPIRED, "no link waits in this attempt")
    return row


def _require_proven(transaction: Transaction) -> tuple[Row[Any], str]:
    """The waiting link and the address of its account, which was proven in full in this very attempt.

    Raises Refusal, and drops the link where another account was proven.
    """
    pending = _require_pending(transaction)
    if not _is_shown(transaction, pending):
        raise Refusal(Cause.FLOW_EXPIRED, "the account was not proven in this attempt")
    admitted = require_admitted(transaction)
    if admitted.factor_needed:
        raise Refusal(Cause.FLOW_EXPIRED, "the second factor was not shown in this attempt")
    if transaction.row.account_id != pending.account_id:
        _drop(transaction, pending)
        account_id, connection_id = transaction.row.account_id, pending.connection_id
        facts = {"fact": "other_account", "email": pending.email, "account_id": account_id, "connection_id": connection_id}
        raise Refusal(Cause.LINK_REQUIRED, "another account was proven", **facts)
    return pending, str(admitted.account.email)


def _is_shown(transaction: Transaction, pending: Row[Any]) -> bool:
    """By what was asked for here, not by what a session brought along."""
    shown = {proof.method for proof in transaction.proofs if proof.session is None}
    if transaction.row.method == LOCAL:
        return "hwk" in shown or ("pwd" in shown and bool(shown & _FULL_FACTORS))
    return "fed" in shown and transaction.row.connection_id != pending.connection_id


def _spend(db: TenantSession, transaction: Transaction, pending: Row[Any]) -> Refusal | None:
    """Use the link up, and look whether everything still is as it was when it was offered. The refusal, if not."""
    now, connection_id = the_broker().ports.clock.now(), pending.connection_id
    if not db.run(SPEND_LINK, of_account=transaction.row.account_id, now=now, **_key(transaction)):
        return Refusal(Cause.FLOW_EXPIRED, "the link was used already", connection_id=connection_id)
    state = db.one(CONNECTION_HELD, connection_id=connection_id)
    if state is None or not state.is_enabled or state.version != pending.connection_version:
        return Refusal(Cause.FLOW_EXPIRED, "the connection was changed meanwhile", connection_id=connection_id)
    holder = find_holder(db, normalise_address(pending.email), connection_id, g.tenant.policy_for, now, locks=True)
    if holder is None or holder.id != pending.account_id or not _is_proof_there(db, transaction):
        return Refusal(Cause.FLOW_EXPIRED, "the account has another address, or its proof went", connection_id=connection_id)
    if holder.is_linked:
        facts = {"fact": "conflict", "email": pending.email, "subject": pending.subject, "connection_id": connection_id}
        return Refusal(Cause.LINK_REQUIRED, "another subject was linked meanwhile", **facts)
    return Refusal(holder.shut, "nobody enters with the account now") if holder.shut else None


def _is_proof_there(db: TenantSession, transaction: Transaction) -> bool:
    """A subject that was taken from the account meanwhile proves it no longer (LC-09)."""
    identity_id = transaction.row.identity_id
    return identity_id is None or db.one(IDENTITY_IS_THERE, identity=identity_id) is not None


def _link(db: TenantSession, transaction: Transaction, pending: Row[Any]) -> None:
    """The identity, what comes with it, and the attempt as it goes on: by the way that it came, with both proofs.

    Raises Refusal, so that nothing is linked, where the attempt has ended.
    """
    now, row, connection = the_broker().ports.clock.now(), transaction.row, _connection(pending)
    new = NewSubject(
        connection_id=pending.connection_id,
        issuer=pending.issuer,
        subject=pending.subject,
        email=pending.email,
        is_owner=pending.proof["is_owner"],
        profile=pending.proof["profile"],
    )
    account = db.one(ACCOUNT_FACTS, account=row.account_id)
    identity_id = link(db, row.account_id, new, now, how="asked", reference=row.reference, linked_by=row.method)
    note_change(db, pending.email, connection, "identity_linked")
    is_live = write_way(
        db,
        transaction,
        connection.key,
        connection_id=connection.id,
        connection_version=pending.connection_version,
        account_id=row.account_id,
        identity_id=identity_id,
        email=pending.email,
        proofs=[pending.proof["proof"], *row.proofs],
        upstream_sealed=taken_from_link(pending, transaction.id_hash),
        hints=_without_link(transaction),
    )
    require_live(is_live)
    if new.is_owner and account is not None and not account.is_email_verified:
        # The owner's first proof of the address; what was shown just now is theirs.
        spared = {identity_id, row.identity_id or identity_id}
        end_what_was(db, row.account_id, now, spared=spared, keeps_local=row.method == LOCAL)
        db.run(REOPEN_TRANSACTION, id_hash=row.id, browser=browser_hash(), now=now)


def _drop(transaction: Transaction, pending: Row[Any]) -> None:
    now = the_broker().ports.clock.now()
    with g.db.writing() as db:
        db.run(DROP_LINK, now=now, **_key(transaction))
    save(transaction, hints=_without_link(transaction))


def _without_link(transaction: Transaction) -> dict[str, Any]:
    return {name: value for name, value in transaction.row.hints.items() if name != "link"}


def _key(transaction: Transaction) -> dict[str, str]:
    return {"link_id": transaction.hints.link, "attempt": transaction.id_hash, "browser": browser_hash()}


def _connection(pending: Row[Any]) -> ConnectionConfig:
    connections: list[ConnectionConfig] = list(g.tenant.connections.values())
    found = next((one for one in connections if one.id == pending.connection_id), None)
    if found is None:
        raise Refusal(Cause.FLOW_EXPIRED, "the connection was removed meanwhile")
    return found


def _ways(transaction: Transaction, pending: Row[Any]) -> tuple[str, ...]:
    return ways_to_prove(transaction, normalise_address(pending.email), _connection(pending).key)
