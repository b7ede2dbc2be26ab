"""Somebody arrives at the connection that people move to, and an uploaded row says who that is (docs/moving.md)."""

from flask import g

from broker.signin.link_offer import require_as_begun, subject_of
from broker.signin.received import note_change
from broker.signin.transaction import Transaction
from broker.upstream.kind import Assertion
from broker.wiring import the_broker
from tenants.addresses import Address
from tenants.arrivals import EmailProof
from tenants.moving import is_mapped, link_mapped
from tenants.snapshot import ConnectionConfig


def has_moved_in(
    transaction: Transaction, connection: ConnectionConfig, assertion: Assertion, address: Address | None, proof: EmailProof
) -> bool:
    """Link this subject to the account that the row names. The address counts for nothing: issuer and subject do."""
    with g.db.reading() as db:
        if not is_mapped(db, connection.id, assertion.issuer, assertion.subject):
            return False
    with g.db.writing() as db:
        require_as_begun(db, transaction, connection)
        new = subject_of(connection, assertion, address, proof)
        email = link_mapped(db, new, the_broker().ports.clock.now(), transaction.row.reference)
        if email is not None:
            note_change(db, email, connection, "identity_linked")
    return email is not None
