"""Somebody comes back from an identity provider: which account is that? Identity first, never the address."""

from dataclasses import dataclass
from typing import Any

from flask import g
from sqlalchemy import Row
from sqlalchemy.exc import IntegrityError

from broker.signin.link_offer import facts_of, link_proven, offer, require_as_begun, subject_of
from broker.signin.moved import has_moved_in
from broker.signin.question import ways_to_prove
from broker.signin.received import names_of, refresh
from broker.signin.transaction import Transaction
from broker.upstream.kind import Assertion
from broker.wiring import the_broker
from tenants import audit
from tenants.accounts import ADD_ACCOUNT, AccountState
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
from tenants.identities import IDENTITY_AND_ACCOUNT
from tenants.ids import new_id
from tenants.linking import link
from tenants.snapshot import ConnectionConfig


@dataclass(frozen=True, slots=True)
class Arrived:
    """The account that somebody arrived as (a row with the columns of ACCOUNT_FACTS), and by which of its identities."""

    account: Row[Any]
    identity_id: str
    is_connection_enabled: bool
    connection_version: int


@dataclass(frozen=True, slots=True)
class Foreseen:
    """What arriving would come to, and how far the address may be believed. `account`: whose it is about."""

    claims: EmailClaims
    proof: EmailProof
    arrival: Arrival
    account: str | None


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
    if known is None:
        known = _newcomer(transaction, connection, assertion, address, proof)
    elif refresh(transaction, connection, known, assertion, address, proof):
        known = _require_known(connection, assertion)
    return Arrived(known, known.identity_id, known.connection_is_enabled, known.connection_version)


def _newcomer(
    transaction: Transaction, connection: ConnectionConfig, assertion: Assertion, address: Address | None, proof: EmailProof
) -> Row[Any]:
    """A subject that has not come before: what is made of it (tenants/arrivals.py)."""
    if not transaction.hints.link and has_moved_in(transaction, connection, assertion, address, proof):
        return _require_known(connection, assertion)
    with g.db.reading() as db:
        facts = facts_of(db, connection, address, proof)
    arrival = decide_arrival(facts)
    if arrival.act in {ArrivalAct.REFUSE, ArrivalAct.ASK}:
        # Between the two looks this very person may have been created; account and identity come together.
        known = _known(connection, assertion)
        if known is not None:
            return known
        if arrival.act is ArrivalAct.REFUSE or address is None or facts.holder is None:
            raise _refusal(arrival, assertion, address, connection)
        if not ways_to_prove(transaction, address, connection.key):
            raise _refusal(arrival, assertion, address, connection)
        raise offer(transaction, connection, assertion, address, proof, facts.holder.id, arrival)
    if transaction.hints.link:
        # Somebody who shows whose an account is shows it by what belongs to one.
        raise Refusal(Cause.LINK_REQUIRED, "proven by a stranger", fact="other_account", connection_id=connection.id)
    if arrival.act is ArrivalAct.LINK and address is not None:
        link_proven(transaction, connection, assertion, address, proof)
    else:
        _create(transaction, connection, assertion, address, proof)
    return _require_known(connection, assertion)


def foresee(connection: ConnectionConfig, assertion: Assertion) -> Foreseen:
    """What arriving would come to. Writes nothing: for a test sign-in."""
    address = _address(assertion)
    claims = _claims(connection, assertion, address)
    proof = email_proof(claims, g.tenant.domains)
    known = _known(connection, assertion)
    if known is not None:
        facts = ArrivalFacts(known.id, address, proof)
    else:
        with g.db.reading() as db:
            facts = facts_of(db, connection, address, proof)
    holder = facts.holder.id if facts.holder is not None else None
    return Foreseen(claims, proof, decide_arrival(facts), known.id if known is not None else holder)


def _known(connection: ConnectionConfig, assertion: Assertion) -> Row[Any] | None:
    """The row of IDENTITY_AND_ACCOUNT for this subject, where it has come before."""
    with g.db.reading() as db:
        found: Row[Any] | None = db.one(
            IDENTITY_AND_ACCOUNT, connection_id=connection.id, issuer=assertion.issuer, subject=assertion.subject
        )
    return found


def _require_known(connection: ConnectionConfig, assertion: Assertion) -> Row[Any]:
    known = _known(connection, assertion)
    if known is None:
        raise Refusal(Cause.ACCOUNT_UNKNOWN, "the account was removed meanwhile")
    return known


def _create(
    transaction: Transaction,
    connection: ConnectionConfig,
    assertion: Assertion,
    address: Address | None,
    proof: EmailProof,
) -> None:
    """Just-in-time creation: account and identity in one step with the audit rows."""
    if address is None:
        raise Refusal(Cause.EMAIL_UNVERIFIED, "no address to make an account with")
    now, account_id = the_broker().ports.clock.now(), new_id("acc")
    with g.db.writing() as db:
        require_as_begun(db, transaction, connection)
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
            **names_of(assertion),
        )
        audit.append(
            db,
            Event.ACCOUNT_CREATED,
            at=now,
            reference=transaction.row.reference,
            account_id=account_id,
            connection_id=connection.id,
            detail={"source": "just_in_time"},
        )
        new = subject_of(connection, assertion, address, proof)
        link(db, account_id, new, now, how="just_in_time", reference=transaction.row.reference)


def _address(assertion: Assertion) -> Address | None:
    try:
        return normalise_address(assertion.email or "")
    except AddressError:
        return None


def _proof(connection: ConnectionConfig, assertion: Assertion, address: Address | None) -> EmailProof:
    return email_proof(_claims(connection, assertion, address), g.tenant.domains)


def _claims(connection: ConnectionConfig, assertion: Assertion, address: Address | None) -> EmailClaims:
    evidence = assertion.email_evidence
    return EmailClaims(
        address=address,
        connection=connection.key,
        kind=connection.kind,
        email_verified=evidence.get("email_verified"),
        xms_edov=evidence.get("xms_edov"),
        hd=evidence.get("hd"),
        is_directory_pinned=bool(assertion.directories) and _vouches(connection, assertion, address),
        hosted_domains=assertion.directories,
    )


def _vouches(connection: ConnectionConfig, assertion: Assertion, address: Address | None) -> bool:
    """A directory that a link let in speaks for the domain that its link was about, and for no other of the connection."""
    named = {connection.options.get("directory"), *connection.options.get("directories", ())}
    domains = {connection.consented.get(one) for one in assertion.directories if one not in named}
    return not domains or None in domains or (address is not None and address.domain in domains)


def _refusal(arrival: Arrival, assertion: Assertion, address: Address | None, connection: ConnectionConfig) -> Refusal:
    return Refusal(
        arrival.cause or Cause.BROKEN,
        "; ".join(reason.sentence for reason in arrival.reasons),
        reasons=" ".join(reason.code for reason in arrival.reasons),
        steps=arrival.reasons,
        email=address.text if address else None,
        domain=address.domain if address else None,
        connection_id=connection.id,
        subject=assertion.subject,
        fact="conflict" if arrival.is_conflict else None,
    )
