"""Somebody comes back from an identity provider: which account is that? Identity first, never the address."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import g
from sqlalchemy import Row
from sqlalchemy.exc import IntegrityError

from broker.signin.transaction import Transaction
from broker.upstream.kind import Assertion
from broker.wiring import the_broker
from tenants import audit
from tenants.accounts import ACCOUNT_BY_ADDRESS, ADD_ACCOUNT, AccountState
from tenants.addresses import Address, AddressError, normalise_address
from tenants.arrivals import (
    Arrival,
    ArrivalAct,
    ArrivalFacts,
    EmailClaims,
    EmailProof,
    decide_arrival,
    downstream_email_verified,
    email_proof,
)
from tenants.audit import Event
from tenants.causes import Cause, Refusal
from tenants.connections import CONNECTION_STATE, Provisioning
from tenants.db import TenantSession
from tenants.identities import ADD_IDENTITY, IDENTITY_AND_ACCOUNT, REFRESH_PROFILE, SUBJECT_OF_ACCOUNT
from tenants.ids import new_id
from tenants.snapshot import ConnectionConfig


@dataclass(frozen=True, slots=True)
class Arrived:
    """The account that somebody arrived as (a row with the columns of ACCOUNT_FACTS), and by which of its identities."""

    account: Row[Any]
    identity_id: str
    is_connection_enabled: bool
    connection_version: int


def arrive(transaction: Transaction, connection: ConnectionConfig, assertion: Assertion) -> Arrived:
    """Find the account of an assertion, or make one where the connection does. Raises a Refusal otherwise."""
    try:
        return _arrive(transaction, connection, assertion)
    except IntegrityError:
        # Somebody with this subject or address was created at the same moment: now it is there to be found.
        return _arrive(transaction, connection, assertion)


def _arrive(transaction: Transaction, connection: ConnectionConfig, assertion: Assertion) -> Arrived:
    address = _address(assertion)
    proof = _proof(connection, assertion, address)
    known = _known(connection, assertion)
    arrival = decide_arrival(_facts(connection, address, proof, known))
    if arrival.act is ArrivalAct.REFUSE:
        # Between the two looks this very person may have been created; account and identity come together.
        known = _known(connection, assertion)
        if known is None:
            raise _refusal(arrival, assertion, address, connection)
    if known is None:
        known = _create(transaction, connection, assertion, address, proof)
    else:
        _refresh(known, assertion, address, proof)
    return Arrived(known, known.identity_id, known.connection_is_enabled, known.connection_version)


def _known(connection: ConnectionConfig, assertion: Assertion) -> Row[Any] | None:
    """The row of IDENTITY_AND_ACCOUNT for this subject, where it has come before."""
    with g.db.reading() as db:
        found: Row[Any] | None = db.one(
            IDENTITY_AND_ACCOUNT, connection_id=connection.id, issuer=assertion.issuer, subject=assertion.subject
        )
    return found


def _facts(connection: ConnectionConfig, address: Address | None, proof: EmailProof, known: Row[Any] | None) -> ArrivalFacts:
    same_address, linked = None, None
    if known is None and address is not None:
        with g.db.reading() as db:
            same_address = db.one(ACCOUNT_BY_ADDRESS, email_key=address.key)
            linked = same_address and db.one(SUBJECT_OF_ACCOUNT, account_id=same_address.id, connection_id=connection.id)
    return ArrivalFacts(
        identity_account=known.id if known else None,
        address=address,
        proof=proof,
        address_account=same_address.id if same_address else None,
        address_account_is_linked=linked is not None,
        may_create=connection.provisioning == Provisioning.JUST_IN_TIME,
        rules=g.tenant.domains,
    )


def _create(
    transaction: Transaction,
    connection: ConnectionConfig,
    assertion: Assertion,
    address: Address | None,
    proof: EmailProof,
) -> Row[Any]:
    """Just-in-time creation: account and identity in one step with the audit rows. Returns what `_known` then finds."""
    if address is None:
        raise Refusal(Cause.EMAIL_UNVERIFIED, "no address to make an account with")
    now = the_broker().ports.clock.now()
    account_id, identity_id = new_id("acc"), new_id("idn")
    with g.db.writing() as db:
        _require_enabled(db, connection)
        _write(db, assertion, address, proof, now, account_id, identity_id)
        _note(db, transaction, assertion, account_id, now)
    known = _known(connection, assertion)
    if known is None:
        raise Refusal(Cause.ACCOUNT_UNKNOWN, "the account was removed meanwhile")
    return known


def _require_enabled(db: TenantSession, connection: ConnectionConfig) -> None:
    """A connection that was switched off a moment ago makes no account any more, whatever a cache says."""
    state = db.one(CONNECTION_STATE, connection_id=connection.id)
    if state is None or not state.is_enabled:
        raise Refusal(Cause.CONNECTION_DISABLED, "switched off", connection_id=connection.id)


def _write(
    db: TenantSession,
    assertion: Assertion,
    address: Address,
    proof: EmailProof,
    now: datetime,
    account_id: str,
    identity_id: str,
) -> None:
    db.run(
        ADD_ACCOUNT,
        id=account_id,
        organization_id=g.tenant.root_organization_id,
        email=address.text,
        email_key=address.key,
        is_email_verified=downstream_email_verified(proof, has_answered_mail=False),
        state=AccountState.ACTIVE.value,
        created_at=now,
        activated_at=now,
        **_names(assertion),
    )
    db.run(
        ADD_IDENTITY,
        id=identity_id,
        account_id=account_id,
        connection_id=assertion.connection,
        issuer=assertion.issuer,
        subject=assertion.subject,
        email=address.text,
        created_at=now,
    )


def _note(db: TenantSession, transaction: Transaction, assertion: Assertion, account_id: str, now: datetime) -> None:
    for event, more in (
        (Event.ACCOUNT_CREATED, {"source": "just_in_time"}),
        (Event.IDENTITY_LINKED, {"issuer": assertion.issuer}),
    ):
        audit.append(
            db,
            event,
            at=now,
            reference=transaction.row.reference,
            account_id=account_id,
            connection_id=assertion.connection,
            detail=more,
        )


def _refresh(row: Row[Any], assertion: Assertion, address: Address | None, proof: EmailProof) -> None:
    """Names follow the provider. The address does not: it is what the person is known by here (OU-10)."""
    names = {key: value or getattr(row, key) for key, value in _names(assertion).items()}
    is_same = address is not None and address.key == row.email_key
    is_verified = row.is_email_verified or (is_same and downstream_email_verified(proof, has_answered_mail=False))
    if is_verified == row.is_email_verified and all(getattr(row, key) == value for key, value in names.items()):
        return
    with g.db.writing() as db:
        db.run(
            REFRESH_PROFILE,
            account=row.id,
            is_verified=is_verified,
            new_name=names["name"],
            new_given_name=names["given_name"],
            new_family_name=names["family_name"],
        )


def _names(assertion: Assertion) -> dict[str, str]:
    given, family = assertion.given_name or "", assertion.family_name or ""
    return {
        "name": audit.printable(assertion.display_name or f"{given} {family}".strip())[:200],
        "given_name": audit.printable(given)[:100],
        "family_name": audit.printable(family)[:100],
    }


def _address(assertion: Assertion) -> Address | None:
    try:
        return normalise_address(assertion.email or "")
    except AddressError:
        return None


def _proof(connection: ConnectionConfig, assertion: Assertion, address: Address | None) -> EmailProof:
    evidence = assertion.email_evidence
    claims = EmailClaims(
        address=address,
        connection=connection.key,
        kind=connection.kind,
        email_verified=evidence.get("email_verified"),
        xms_edov=evidence.get("xms_edov"),
        hd=evidence.get("hd"),
        is_directory_pinned=bool(assertion.directories),
        hosted_domains=assertion.directories,
    )
    return email_proof(claims, g.tenant.domains)


def _refusal(arrival: Arrival, assertion: Assertion, address: Address | None, connection: ConnectionConfig) -> Refusal:
    return Refusal(
        arrival.cause or Cause.BROKEN,
        "; ".join(reason.sentence for reason in arrival.reasons),
        reasons=" ".join(reason.code for reason in arrival.reasons),
        email=address.text if address else None,
        domain=address.domain if address else None,
        connection_id=connection.id,
        subject=assertion.subject,
        fact="conflict" if arrival.is_conflict else None,
    )
