"""The end of an attempt: admission, then the session, in one transaction."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from flask import g, redirect
from sqlalchemy import Row
from werkzeug.wrappers import Response

from broker.came_by import CameBy
from broker.known_devices import remember_device
from broker.language import language
from broker.seeing import note_sign_in
from broker.session import SignedIn, open_session, present_session
from broker.signin.assurance import sign_in_facts
from broker.signin.transaction import Transaction, browser_hash
from broker.tenancy import client_address
from broker.whom_to_ask import know_reader
from broker.wiring import the_broker
from tenants import audit
from tenants.accounts import ADMIN_ROLES, LOCK_ACCOUNT, NOTE_SIGN_IN, AccountState
from tenants.addresses import stored_address
from tenants.assignments import entitlements_of
from tenants.audiences import Entitlements
from tenants.audit import Event
from tenants.causes import Cause, Refusal
from tenants.connections import CONNECTION_STATE
from tenants.credentials import ACCOUNT_FACTS
from tenants.db import TenantSession
from tenants.ends import invited_at_of, used_at_of
from tenants.identities import NOTE_IDENTITY_USE
from tenants.policies import AccountFacts, Admission, AdmissionFacts, ApplicationFacts, admit
from tenants.snapshot import ApplicationConfig
from tenants.transactions import FINISH_TRANSACTION
from tenants.ways import LOCAL

_NOTED_EVERY = timedelta(hours=1)
"""An account's last sign-in decides about disuse, in days; identities and credentials have their own, exact record."""


@dataclass(frozen=True, slots=True)
class Admitted:
    """What policy said of this person, who may enter, and the account's row (of ACCOUNT_FACTS) that it went by."""

    account: Row[Any]
    factor_needed: bool


def complete(transaction: Transaction, admitted: Admitted, *, is_ended: bool = False, trusts_device: bool = False) -> Response:
    """Open the session that this attempt has earned and go where it was going.

    `is_ended`: the attempt was ended by the statement that took the return from the provider. `trusts_device`: the
    person wishes not to be asked for the second factor here for a while.
    """
    _require_asked(transaction)
    now = the_broker().ports.clock.now()
    before = present_session()
    life = _left_of_session(transaction, before, now)
    with g.db.writing() as db:
        if not is_ended:
            # The account before the attempt, as whoever changes credentials does: else each could wait for the other.
            db.one(LOCK_ACCOUNT, account=admitted.account.id)
        if not is_ended and not db.run(FINISH_TRANSACTION, id_hash=transaction.id_hash, browser=browser_hash(), now=now):
            raise Refusal(Cause.FLOW_EXPIRED, "the transaction ended meanwhile")
        _write_session(db, transaction, admitted.account, now, before, life)
        if transaction.row.method == LOCAL:
            remember_device(db, admitted.account, now, trusts_device)
    return redirect(transaction.row.return_to, 303)


def _require_asked(transaction: Transaction) -> None:
    """Where a page asked for the proof of one person, nobody else's will do (SF-10)."""
    asked = transaction.hints.account
    if asked and asked != transaction.row.account_id:
        account_id = transaction.row.account_id
        raise Refusal(Cause.CREDENTIALS_INVALID, "another account", fact="other_account", account_id=account_id)


def _left_of_session(transaction: Transaction, before: SignedIn | None, now: datetime) -> timedelta | None:
    """What stands on a session ends with it, and makes it live no longer. None: this attempt stands on its own."""
    taken_over = {proof.session for proof in transaction.proofs if proof.session}
    if not taken_over:
        return None
    if before is None or taken_over != {before.get_id()} or before.row.account_id != transaction.row.account_id:
        raise Refusal(Cause.FLOW_EXPIRED, "the session that this began with has ended")
    left: timedelta = before.row.expires_at - now
    return left


def _write_session(
    db: TenantSession,
    transaction: Transaction,
    account: Row[Any],
    now: datetime,
    before: SignedIn | None,
    life: timedelta | None,
) -> None:
    """The session, what is remembered of this sign-in, and its audit row."""
    row = transaction.row
    proofs = transaction.proofs
    # `auth_time` is when the person was last asked: at a provider, when that one says it was (OpenID Connect Core, 2).
    auth_time = min((proof.at for proof in proofs if proof.method in {"pwd", "fed"}), default=now)
    shown = [replace(proof, session=None).as_json() for proof in proofs]
    came_by = CameBy.of_attempt(row)
    open_session(db, row.account_id, row.method, shown, auth_time, before, life, came_by, account.organization_id)
    speaks = language()
    if speaks != account.language or _is_to_be_noted(account, now):
        db.run(NOTE_SIGN_IN, account=row.account_id, at=now, active=AccountState.ACTIVE.value, speaks=speaks)
    _note_identity_use(db, row, now)
    note_sign_in(db, row.connection_id, now)
    if account.state == AccountState.INVITED:
        audit.append(db, Event.ACCOUNT_ACTIVATED, at=now, reference=row.reference, account_id=row.account_id)
    audit.append(
        db,
        Event.LOGIN_SUCCEEDED,
        at=now,
        reference=row.reference,
        account_id=row.account_id,
        connection_id=row.connection_id,
        application_id=row.application_id,
        address=client_address(),
        detail={
            "method": row.method,
            "proofs": " ".join(proof.method for proof in proofs),
            "groups": came_by.groups_missing and f"unknown: {came_by.groups_missing}",
        },
    )


def _is_to_be_noted(account: Row[Any], now: datetime) -> bool:
    last = account.last_login_at
    return account.state != AccountState.ACTIVE or last is None or now - last >= _NOTED_EVERY


def _note_identity_use(db: TenantSession, row: Any, now: datetime) -> None:
    """Raises Refusal where the identity was taken from the account meanwhile: nobody else looks at that (LC-09).

    It comes after the session, as whoever takes it away locks the account first.
    """
    if row.identity_id and not db.run(NOTE_IDENTITY_USE, identity=row.identity_id, at=now, from_address=client_address()[:45]):
        g.pop("new_session_cookie", None)
        raise Refusal(Cause.FLOW_EXPIRED, "the identity was removed meanwhile", connection_id=row.connection_id)


_NOTHING_BROUGHT = Entitlements()


def require_admitted(transaction: Transaction) -> Admitted:
    """Ask policy about this person now: account and connection are read afresh. Raises the Refusal that it says."""
    with g.db.reading() as db:
        account = db.one(ACCOUNT_FACTS, account=transaction.row.account_id)
        if account is None:
            raise Refusal(Cause.ACCOUNT_UNKNOWN, "the account was removed meanwhile")
        is_enabled = _is_way_enabled(db, transaction)
    return require_admitted_as(transaction, account, is_enabled)


def require_admitted_as(transaction: Transaction, account: Row[Any], is_way_enabled: bool) -> Admitted:
    """The same with what was read a moment ago: `account` has the columns of ACCOUNT_FACTS.

    Where an account is proven for a link, the application is asked afterwards, with the way that is linked.
    """
    know_reader(account)
    application = None if transaction.hints.link else transaction.application
    entitled = Entitlements()
    if application is not None and application.audience is not None:
        with g.db.reading() as db:
            entitled = entitlements_of(db, account.id, account.organization_id)
    admission = admit(
        AdmissionFacts(
            policy=g.tenant.policy_for(account.organization_id),
            account=account_facts(account, entitled),
            sign_in=sign_in_facts(
                transaction.row.method,
                transaction.proofs,
                is_way_enabled=is_way_enabled,
                wants_factor=transaction.hints.factor,
            ),
            now=the_broker().ports.clock.now(),
            rules=g.tenant.domains,
            application=application_facts(application),
        )
    )
    if admission.cause is not None:
        raise refusal_of(admission, transaction)
    return Admitted(account, admission.factor_needed)


def account_facts(account: Row[Any], entitled: Entitlements = _NOTHING_BROUGHT) -> AccountFacts:
    """An account's row (of ACCOUNT_FACTS) as admission sees it."""
    return AccountFacts(
        state=AccountState(account.state),
        address=stored_address(account.email),
        invited_at=invited_at_of(account),
        used_at=used_at_of(account),
        expires_at=account.expires_at,
        is_local_enabled=account.is_local_enabled,
        has_second_factor=account.factor_id is not None
        or (g.tenant.policy_for(account.organization_id).passkeys and account.passkey_id is not None),
        has_role=account.role is not None,
        entitled=entitled,
        is_admin=account.role in ADMIN_ROLES,
    )


def refusal_of(admission: Admission, transaction: Transaction) -> Refusal:
    """The refusal that says what admission said, with the person's own address and domain for its sentence."""
    email = transaction.row.email
    return Refusal(
        admission.cause or Cause.BROKEN,
        "; ".join(reason.sentence for reason in admission.reasons),
        reasons=" ".join(reason.code for reason in admission.reasons),
        steps=admission.reasons,
        account_id=transaction.row.account_id,
        email=email,
        domain=email.rpartition("@")[2] if email else None,
        fact="own_page" if _may_enrol(admission, transaction) else None,
    )


def _may_enrol(admission: Admission, transaction: Transaction) -> bool:
    """Could this person enter without the application, and set up there what it asks for?"""
    application, connection = transaction.application, g.tenant.connections.get(transaction.row.method)
    is_asked = application is not None and application.is_factor_demanded and connection and not connection.acr_values
    return admission.cause is Cause.FACTOR_ENROLMENT_REQUIRED and bool(is_asked)


def _is_way_enabled(db: TenantSession, transaction: Transaction) -> bool:
    if transaction.row.method == LOCAL:
        return True
    state = db.one(CONNECTION_STATE, connection_id=transaction.row.connection_id)
    return state is not None and bool(state.is_enabled)


def application_facts(application: ApplicationConfig | None) -> ApplicationFacts | None:
    """An application's own rules as admission sees them."""
    if application is None:
        return None
    return ApplicationFacts(
        name=application.name,
        accepted=frozenset(application.accepted_connections),
        audience=application.audience,
        demands_factor=application.is_factor_demanded,
    )
