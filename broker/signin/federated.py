"""To an identity provider and back.

The return is found by state, browser and connection together, and consumed by one UPDATE before anything of it is
believed, an error included. No database transaction is open while the provider is asked.
"""

import json
from contextlib import AbstractContextManager, nullcontext, suppress
from types import SimpleNamespace
from typing import Any

from flask import g, redirect, request
from sqlalchemy import Row
from sqlalchemy.exc import IntegrityError
from werkzeug.wrappers import Response

from broker.came_by import kept_for_session
from broker.own_keys import own_keys
from broker.seeing import saw, watch_return
from broker.signin.arrive import arrive
from broker.signin.assurance import proof_of, require_assurance
from broker.signin.complete import complete, require_admitted_as
from broker.signin.dispatch import hand_over, post_over, step_to, step_to_factor
from broker.signin.provider_document import provided
from broker.signin.question import require_way
from broker.signin.shared import leaving, opened, returning
from broker.signin.tested import take_test
from broker.signin.transaction import Transaction, browser_hash, note_flow, reopen, take_way
from broker.signin.typed_options import make_options
from broker.tenancy import tenant_url
from broker.upstream import KINDS
from broker.upstream.kind import Assertion, FlowContext, Options, ReturnData, hearsay
from broker.wiring import the_broker
from tenants.causes import BrokerError, Cause, Refusal, UpstreamFailure
from tenants.connection_tests import TEST
from tenants.connections import CONNECTION_STATE
from tenants.ids import digest
from tenants.snapshot import ConnectionConfig
from tenants.transactions import TAKE_RETURN, TAKE_UNCHANGED_RETURN, USE_ASSERTION
from tenants.vault import Place, VaultError

_SECRET_BYTES = 32


class NoAttempt(Refusal):
    """No attempt of this browser waits for what came back."""


def start(
    transaction: Transaction, key: str, *, switch_account: bool = False, from_form: bool = False, is_anew: bool = False
) -> Response:
    """Send the browser to the identity provider of this connection; `key` is not `local`."""
    require_way(transaction, key)
    known = g.tenant
    connection = _in_force(known.connections[key])
    if g.tenant is not known:
        require_way(transaction, key)
    options = options_of(connection)
    return send(transaction, connection, options, switch_account=switch_account, from_form=from_form, is_anew=is_anew)


def send(
    transaction: Transaction,
    connection: ConnectionConfig,
    options: Options,
    *,
    switch_account: bool = False,
    from_form: bool = False,
    is_anew: bool = False,
) -> Response:
    """Send the browser there by these very values. Whether they may be used was asked before.

    `is_anew`: its session there had ended. It is sent once more without a question, and not a third time.
    """
    kind, key, options = KINDS[connection.kind], connection.key, provided(connection, options)
    context = leaving(connection, options, _fresh_context(transaction, connection, switch_account))
    g.flow.method, g.flow.connection_id, g.flow.connection_label = key, connection.id, connection.label
    with _circuit(transaction, connection, proves=False):
        started = kind.start(options, context, the_broker().ports)
    kept: dict[str, object] = {"tx": transaction.tx, "nonce": context.nonce, "verifier": context.verifier}
    kept |= {"kept": dict(started.keep), "is_anew": is_anew}
    take_way(
        transaction,
        key,
        connection_id=connection.id,
        connection_version=connection.version,
        state_hash=digest(context.state),
        upstream_sealed=the_broker().vault.seal(json.dumps(kept), _place(transaction.id_hash)),
    )
    if started.form is not None:
        return post_over(started.url, connection.label, started.form)
    return hand_over(started.url, connection.label) if from_form else redirect(started.url, 303)


def finish(key: str) -> Response:
    """The browser is back at the callback of a connection: the one address that its kind has for that."""
    connection = g.tenant.connections.get(key)
    if connection is None or request.path != _return_path(connection):
        raise Refusal(Cause.PAGE_UNKNOWN, "no such connection")
    kind = KINDS[connection.kind]
    pairs = [*request.args.items(multi=True), *request.form.items(multi=True)]
    data = ReturnData.of(request.method, pairs, kind.returning.max_argument)
    state = data.args.get(kind.returning.state, "")
    transaction, kept, is_same = _take(connection, state)
    if transaction.row.purpose == TEST:
        return take_test(transaction, lambda tested, options: _answer(transaction, tested, options, kept, data))
    try:
        if not is_same:
            _require_unchanged(connection, transaction, require_enabled(connection))
        connection = _as_begun(connection, transaction)
        assertion = _answer(transaction, connection, options_of(connection), kept, data)
        return _let_in(transaction, connection, assertion)
    except BrokerError as error:
        reopen(transaction)
        if error.facts.get("begins_anew") and not kept["is_anew"]:
            return start(transaction, connection.key, is_anew=True)
        raise


def _let_in(transaction: Transaction, connection: ConnectionConfig, assertion: Assertion) -> Response:
    """From what the provider said to the session, or to the second factor. Written once, at the end."""
    # Networks and applications count on return, too: what was begun inside is not finished outside (T6).
    require_way(transaction, connection.key)
    arrived = arrive(transaction, connection, assertion)
    _require_unchanged(connection, transaction, arrived.connection_version)
    learned = {
        "connection_id": connection.id,
        "email": assertion.email,
        "account_id": arrived.account.id,
        "identity_id": arrived.identity_id,
        "proofs": [proof_of(transaction, connection, assertion).as_json()],
        "upstream_sealed": kept_for_session(connection.id, transaction.id_hash, assertion),
    }
    transaction.row = SimpleNamespace(**dict(transaction.row._mapping) | learned)
    admitted = require_admitted_as(transaction, arrived.account, arrived.is_connection_enabled)
    if not admitted.factor_needed and not transaction.hints.link:
        return complete(transaction, admitted, is_ended=True)
    reopen(transaction)
    take_way(transaction, connection.key, **learned)
    return step_to_factor(transaction) if admitted.factor_needed else step_to("signin.confirm_link", transaction)


def options_of(connection: ConnectionConfig) -> Options:
    """The connection's typed options with its secrets opened; made once for each version of the configuration."""
    return the_broker().snapshots.keep(g.tenant, f"options:{connection.id}", lambda: _make_options(connection))


def _make_options(connection: ConnectionConfig) -> Options:
    return make_options(connection, Place(g.tenant.id, "connections", "secrets_sealed", connection.id))


def _answer(
    transaction: Transaction, connection: ConnectionConfig, options: Options, kept: dict[str, Any], data: ReturnData
) -> Assertion:
    """What the provider says by these very values, checked against what was asked. Raises BrokerError."""
    kind, options = KINDS[connection.kind], provided(connection, options)
    state = data.args.get(kind.returning.state, "")
    context = returning(connection, options, _kept_context(kept, connection, state))
    data = opened(connection, options, data)
    watch_return(options, context, data)
    refused = kind.refusal(options, data)
    if refused is not None:
        raise hearsay(refused)
    with _circuit(transaction, connection, proves=True):
        assertion = saw(kind.finish(options, context, data, the_broker().ports))
    require_assurance(transaction, connection, assertion, kind.returning.skew)
    use_once(connection, assertion)
    return assertion


def _circuit(transaction: Transaction, connection: ConnectionConfig, *, proves: bool) -> AbstractContextManager[None]:
    """A test says nothing about the values in force."""
    if transaction.row.purpose == TEST:
        return nullcontext()
    return the_broker().circuits.tried(connection.id, proves=proves)


def _fresh_context(transaction: Transaction, connection: ConnectionConfig, switch_account: bool) -> FlowContext:
    random, hints = the_broker().ports.randomness, transaction.hints
    return FlowContext(
        connection=connection.id,
        callback_url=callback_url(connection),
        state=random.token_urlsafe(_SECRET_BYTES),
        nonce=random.token_urlsafe(_SECRET_BYTES),
        verifier=random.token_urlsafe(_SECRET_BYTES),
        now=the_broker().ports.clock.now(),
        login_hint=None if switch_account else (transaction.row.email or hints.login_hint or None),
        domain_hint=hints.domain_hint or None,
        prompt=_prompt(hints.prompt, switch_account),
        max_age=hints.max_age,
        # What has to come back takes precedence over what an application would like.
        acr_values=connection.acr_values or hints.acr_values or None,
        own_keys=own_keys,
    )


def _prompt(asked: tuple[str, ...], switch_account: bool) -> str | None:
    if switch_account or "select_account" in asked:
        return "select_account"
    return "login" if "login" in asked else None


def _kept_context(kept: dict[str, Any], connection: ConnectionConfig, state: str) -> FlowContext:
    return FlowContext(
        connection=connection.id,
        callback_url=callback_url(connection),
        state=state,
        nonce=kept["nonce"],
        verifier=kept["verifier"],
        kept=kept["kept"],
        now=the_broker().ports.clock.now(),
        own_keys=own_keys,
    )


def callback_url(connection: ConnectionConfig) -> str:
    """Where the provider sends the browser back to: one address for each connection (RFC 9700, 4.4)."""
    return tenant_url(_return_path(connection))


def _return_path(connection: ConnectionConfig) -> str:
    return KINDS[connection.kind].returning.path.format(key=connection.key)


def _take(connection: ConnectionConfig, state: str) -> tuple[Transaction, dict[str, Any], bool]:
    """Consume the return: one winner, whatever comes at once. The last value: is the connection on, and as it was?"""
    now = the_broker().ports.clock.now()
    found = {"state_digest": digest(state), "connection": connection.id, "browser": browser_hash(), "now": now}
    # What it leads to is written after it, and keeps it (docs/decisions/0006); the same with the mark of `use_once`.
    with g.db.writing(is_durable=False) as db:
        row = unchanged = db.one(TAKE_UNCHANGED_RETURN, **found)
        if row is None:
            row = db.one(TAKE_RETURN, **found)
    if row is None:
        raise NoAttempt(Cause.FLOW_EXPIRED, "state", connection_id=connection.id)
    kept = _open_kept(row)
    taken = Transaction(kept["tx"], row)
    note_flow(taken)
    return taken, kept, unchanged is not None


def _open_kept(row: Row[Any]) -> dict[str, Any]:
    try:
        opened = the_broker().vault.open(row.upstream_sealed or "", _place(row.id))
    except VaultError as error:
        raise Refusal(Cause.FLOW_EXPIRED, "nothing was kept for this return") from error
    kept: dict[str, Any] = json.loads(opened)
    return kept


def require_enabled(connection: ConnectionConfig) -> int:
    """Read whether the connection is on now; a cache may not know yet (SU-20). Returns its version."""
    with g.db.reading() as db:
        state = db.one(CONNECTION_STATE, connection_id=connection.id)
    if state is None or not state.is_enabled:
        raise Refusal(Cause.CONNECTION_DISABLED, "switched off", connection_id=connection.id)
    return int(state.version)


def _in_force(connection: ConnectionConfig) -> ConnectionConfig:
    """The connection's values and version as they are now, whatever a cache knows (SU-20). Raises Refusal."""
    return connection if require_enabled(connection) == connection.version else _read_anew(connection)


def _as_begun(connection: ConnectionConfig, transaction: Transaction) -> ConnectionConfig:
    """The values that this attempt was begun with: another process, which knew newer ones, may have begun it."""
    if connection.version == transaction.row.connection_version:
        return connection
    connection = _read_anew(connection)
    _require_unchanged(connection, transaction, connection.version)
    return connection


def _read_anew(connection: ConnectionConfig) -> ConnectionConfig:
    g.tenant = the_broker().snapshots.at_least(g.tenant, g.tenant.version + 1)
    read: ConnectionConfig | None = g.tenant.connections.get(connection.key)
    if read is None or read.id != connection.id or not read.is_enabled:
        raise Refusal(Cause.CONNECTION_DISABLED, "switched off", connection_id=connection.id)
    return read


def _require_unchanged(connection: ConnectionConfig, transaction: Transaction, version: int) -> None:
    """What was begun with one configuration is not finished with another."""
    if version != transaction.row.connection_version:
        raise Refusal(Cause.FLOW_EXPIRED, "the connection was changed meanwhile", connection_id=connection.id)


def use_once(connection: ConnectionConfig, assertion: Assertion) -> None:
    """Note that this assertion was taken; the one that is noted first counts, wherever the others arrive (SU-15)."""
    if assertion.once is None:
        return
    mark = digest(f"{connection.id} {assertion.once.name}")
    with suppress(IntegrityError), g.db.writing(is_durable=False) as db:
        db.run(USE_ASSERTION, id=mark, connection_id=connection.id, expires_at=assertion.once.until)
        return
    raise UpstreamFailure(Cause.ASSERTION_REPLAYED, "replay", connection_id=connection.id)


def _place(transaction_hash: str) -> Place:
    return Place(g.tenant.id, "login_transactions", "upstream_sealed", transaction_hash)
