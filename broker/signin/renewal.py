"""Writing what a set-up or a reset has earned: at once, by one winner, and ending what was before (IR-02, LC-09).

The account's row is locked first. Whoever else has a set-up of the same account under way finds it ended.
"""

from datetime import datetime
from typing import Any

from flask import g
from sqlalchemy import Row

from broker.factors import totp
from broker.known_devices import remember_device
from broker.language import language
from broker.mail.letters import post
from broker.session import Proof, SignedIn, open_session
from broker.signin.complete import account_facts
from broker.signin.set_up import NewCredentials
from broker.signin.transaction import Transaction, browser_hash
from broker.tenancy import client_address
from broker.whom_to_ask import know_reader
from broker.wiring import the_broker
from tenants import audit
from tenants.accounts import ACTIVATE_ACCOUNT, LOCK_ACCOUNT, NOTE_SIGN_IN, AccountState
from tenants.audit import Event
from tenants.causes import Cause, Refusal
from tenants.credentials import ACCOUNT_FACTS, ADD_CREDENTIAL, DROP_CREDENTIALS_OF_KIND, CredentialKind
from tenants.db import TenantSession
from tenants.devices import FORGET_DEVICES
from tenants.ids import new_id
from tenants.linking import end_what_was
from tenants.local_off import drop_credentials, end_attempts
from tenants.policies import AdmissionFacts, SignInFacts, admit, effective_state
from tenants.sessions import END_SESSIONS_OF_ACCOUNT
from tenants.transactions import FINISH_TRANSACTION, SPEND_INVITATION
from tenants.ways import LOCAL


def require_renewable(account: Row[Any], *, is_by_invitation: bool = False) -> None:
    """May this account get a local sign-in now? That it is invited, and has no factor yet, is what we are here for.

    An invitation says itself until when it is good; else the activation period decides.
    """
    know_reader(account)
    facts, now = account_facts(account), the_broker().ports.clock.now()
    policy = g.tenant.policy_for(account.organization_id)
    admission = admit(
        AdmissionFacts(
            policy=policy,
            account=facts,
            sign_in=SignInFacts(way=LOCAL, factors=frozenset({"password", "totp"})),
            now=now,
            rules=g.tenant.domains,
        )
    )
    state = facts.state if is_by_invitation else effective_state(facts, policy, now)
    is_awaited = state is AccountState.INVITED and admission.cause is Cause.ACCOUNT_NOT_ACTIVATED
    if admission.cause is not None and not is_awaited:
        raise Refusal(admission.cause, "; ".join(reason.sentence for reason in admission.reasons), account_id=account.id)


def has_factor(account: Row[Any]) -> bool:
    """Does it hold a second factor, whether or not policy lets it be used now? `account` is a row of ACCOUNT_FACTS."""
    return account.factor_id is not None or account.passkey_id is not None


def write_set_up(db: TenantSession, transaction: Transaction, account: Row[Any], made: NewCredentials, now: datetime) -> None:
    """A password and an app, in the place of all that the account signed in with locally."""
    _take(db, transaction, account, now)
    _end_what_others_laid(db, transaction, account.id, now)
    _make_live(db, transaction, account, now)
    if transaction.is_by_mail:
        _require_no_factor(db, account.id)
    drop_credentials(db, account.id)
    _end_what_was(db, account.id, now)
    _add_password(db, account.id, made.password_hash, now)
    # The code that proved the app is spent with that.
    db.run(
        ADD_CREDENTIAL,
        id=made.credential_id,
        account_id=account.id,
        kind=CredentialKind.TOTP.value,
        secret_sealed=totp.seal_seed(made.seed, made.credential_id),
        last_step=made.step,
        last_used_at=now,
        created_at=now,
    )
    if account.state == AccountState.INVITED:
        audit.append(db, Event.ACCOUNT_ACTIVATED, **_seen(transaction, account, now))
        post(db, account.email, "account_ready", now)
        return
    for what in ("password", "totp_added"):
        _note_change(db, transaction, account, what, now)


def write_password(db: TenantSession, transaction: Transaction, account: Row[Any], password_hash: str, now: datetime) -> None:
    """A password in the place of the old one; the second factor stays, and was shown."""
    _take(db, transaction, account, now)
    _end_what_others_laid(db, transaction, account.id, now)
    _make_live(db, transaction, account, now)
    db.run(DROP_CREDENTIALS_OF_KIND, account=account.id, which=CredentialKind.PASSWORD.value)
    _end_what_was(db, account.id, now)
    _add_password(db, account.id, password_hash, now)
    _note_change(db, transaction, account, "password", now)


def sign_in(db: TenantSession, transaction: Transaction, account: Row[Any], now: datetime, before: SignedIn | None) -> None:
    """The session that a set-up ends with, in the same step: password and app were both shown."""
    methods = ("pwd", "otp")
    open_session(
        db,
        account.id,
        LOCAL,
        [Proof(method, now).as_json() for method in methods],
        now,
        before,
        organization_id=account.organization_id,
    )
    db.run(NOTE_SIGN_IN, account=account.id, at=now, active=AccountState.ACTIVE.value, speaks=language())
    remember_device(db, account, now, is_to_be_trusted=False)
    detail = {"method": LOCAL, "proofs": " ".join(methods)}
    application_id = transaction.row.application_id
    seen = _seen(transaction, account, now)
    audit.append(db, Event.LOGIN_SUCCEEDED, application_id=application_id, detail=detail, **seen)


def _take(db: TenantSession, transaction: Transaction, account: Row[Any], now: datetime) -> None:
    """The link and the attempt are spent, once."""
    if db.one(LOCK_ACCOUNT, account=account.id) is None:
        raise Refusal(Cause.ACCOUNT_UNKNOWN, "the account was removed meanwhile")
    row = transaction.row
    if row.invitation_id and not db.run(SPEND_INVITATION, invitation_id=row.invitation_id, now=now):
        raise Refusal(Cause.INVITATION_USED, "spent, replaced or run out", account_id=account.id)
    if not db.run(FINISH_TRANSACTION, id_hash=row.id, browser=browser_hash(), now=now):
        fact = "mailed" if transaction.is_by_mail else "set_up"
        raise Refusal(Cause.FLOW_EXPIRED, "the transaction ended meanwhile", fact=fact)


def _has_answered_mail(transaction: Transaction) -> bool:
    """A link may have come on any way; a mailed code was read where the address leads to."""
    return not transaction.row.invitation_id


def _end_what_others_laid(db: TenantSession, transaction: Transaction, account_id: str, now: datetime) -> None:
    """The mailed code is the first proof of the address: whoever was joined with the account before may be anybody (LC-09).

    Credentials are not ended here: those that may be somebody else's are replaced by what is written next.
    """
    account = db.one(ACCOUNT_FACTS, account=account_id)
    if _has_answered_mail(transaction) and account is not None and not account.is_email_verified:
        end_what_was(db, account_id, now, spared=(), keeps_local=True)


def _make_live(db: TenantSession, transaction: Transaction, account: Row[Any], now: datetime) -> None:
    """Its row count says that the account was not switched off meanwhile (IR-07)."""
    answered, active = _has_answered_mail(transaction), AccountState.ACTIVE.value
    if not db.run(ACTIVATE_ACCOUNT, account=account.id, active=active, at=now, has_answered_mail=answered):
        raise Refusal(Cause.FLOW_EXPIRED, "the account was switched off meanwhile", account_id=account.id)


def _require_no_factor(db: TenantSession, account_id: str) -> None:
    """A mailed code takes the place of none: one may have been added since the page looked (IR-03)."""
    account = db.one(ACCOUNT_FACTS, account=account_id)
    if account is None or has_factor(account):
        raise Refusal(Cause.FLOW_EXPIRED, "there is a second factor meanwhile", fact="mailed", account_id=account_id)


def _end_what_was(db: TenantSession, account_id: str, now: datetime) -> None:
    db.run(END_SESSIONS_OF_ACCOUNT, account=account_id, now=now)
    db.run(FORGET_DEVICES, account=account_id)
    end_attempts(db, account_id, now)


def _add_password(db: TenantSession, account_id: str, password_hash: str, now: datetime) -> None:
    kind = CredentialKind.PASSWORD.value
    db.run(ADD_CREDENTIAL, id=new_id("cre"), account_id=account_id, kind=kind, secret_hash=password_hash, created_at=now)


def _note_change(db: TenantSession, transaction: Transaction, account: Row[Any], what: str, now: datetime) -> None:
    audit.append(db, Event.CREDENTIAL_CHANGED, detail={"what": what, "by": "you"}, **_seen(transaction, account, now))
    facts = {"what": what, "at": now.isoformat(), "address": client_address(), "by": "you"}
    post(db, account.email, "credential_changed", now, **facts)


def _seen(transaction: Transaction, account: Row[Any], now: datetime) -> dict[str, Any]:
    return {"at": now, "account_id": account.id, "reference": transaction.row.reference, "address": client_address()}
