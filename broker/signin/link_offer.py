"""An arrival and the account of its address: linked where that is proven, else offered to be (requirements.md, U6)."""

from typing import Any

from flask import g, redirect, url_for

from broker.came_by import kept_for_link
from broker.signin.assurance import proof_of
from broker.signin.received import note_change, profile_of
from broker.signin.transaction import SIGN_IN_LIFE, Transaction, browser_hash, require_live, write_way
from broker.upstream.kind import Assertion
from broker.wiring import the_broker
from tenants.addresses import Address
from tenants.arrivals import Arrival, ArrivalAct, ArrivalFacts, EmailProof, decide_arrival
from tenants.causes import Cause, Refusal
from tenants.connections import CONNECTION_HELD, Linking, Provisioning
from tenants.db import TenantSession
from tenants.ids import new_id
from tenants.linking import NewSubject, end_what_was, find_holder, link
from tenants.moving import linking_now
from tenants.pending_links import ADD_LINK
from tenants.snapshot import ConnectionConfig
from tenants.transactions import REOPEN_TRANSACTION

_HOW = {"link_invited": "invited", "link_proven": "proven"}


def facts_of(
    db: TenantSession, connection: ConnectionConfig, address: Address | None, proof: EmailProof, *, locks: bool = False
) -> ArrivalFacts:
    """What the decision about a subject depends on that nobody here knows yet."""
    now, policy_for = the_broker().ports.clock.now(), g.tenant.policy_for
    return ArrivalFacts(
        identity_account=None,
        address=address,
        proof=proof,
        holder=find_holder(db, address, connection.id, policy_for, now, locks=locks) if address else None,
        provisioning=Provisioning(connection.provisioning),
        linking=linking_now(db, connection.id, Linking(connection.linking)),
        rules=g.tenant.domains,
    )


def subject_of(connection: ConnectionConfig, assertion: Assertion, address: Address | None, proof: EmailProof) -> NewSubject:
    """What is linked, and what comes with it."""
    return NewSubject(
        connection_id=connection.id,
        issuer=assertion.issuer,
        subject=assertion.subject,
        email=address.text if address else None,
        is_owner=proof is EmailProof.DOMAIN_OWNER,
        profile=profile_of(connection, assertion, {}),
    )


def require_as_begun(db: TenantSession, transaction: Transaction, connection: ConnectionConfig) -> None:
    """A connection that was switched off a moment ago makes and links nothing any more, whatever a cache says.

    Nor does one whose rules were changed: what they took from everybody would be given once more.
    """
    state = db.one(CONNECTION_HELD, connection_id=connection.id)
    if state is None or not state.is_enabled:
        raise Refusal(Cause.CONNECTION_DISABLED, "switched off", connection_id=connection.id)
    if state.version != transaction.row.connection_version:
        raise Refusal(Cause.FLOW_EXPIRED, "the connection was changed meanwhile", connection_id=connection.id)


def link_proven(
    transaction: Transaction, connection: ConnectionConfig, assertion: Assertion, address: Address, proof: EmailProof
) -> None:
    """Link without asking, as decided; decided once more with the account locked, as somebody else may link it now."""
    now = the_broker().ports.clock.now()
    with g.db.writing() as db:
        require_as_begun(db, transaction, connection)
        facts = facts_of(db, connection, address, proof, locks=True)
        arrival, holder = decide_arrival(facts), facts.holder
        if arrival.act is not ArrivalAct.LINK or holder is None:
            raise Refusal(Cause.FLOW_EXPIRED, "the account was changed meanwhile", connection_id=connection.id)
        new, how = subject_of(connection, assertion, address, proof), _HOW[arrival.reasons[0].code]
        identity_id = link(db, holder.id, new, now, how=how, reference=transaction.row.reference)
        if not holder.is_verified:
            end_what_was(db, holder.id, now, spared={identity_id})
        note_change(db, address.text, connection, "identity_linked")


def offer(
    transaction: Transaction,
    connection: ConnectionConfig,
    assertion: Assertion,
    address: Address,
    proof: EmailProof,
    account_id: str,
    arrival: Arrival,
) -> Refusal:
    """Keep the arrival until its account is proven, in this attempt and this browser. Returns what the attempt stops with.

    The answer leads to the page that asks. It says no more than the refusal that it stands for.
    """
    fed = proof_of(transaction, connection, assertion)
    new = subject_of(connection, assertion, address, proof)
    kept: dict[str, Any] = {"proof": fed.as_json(), "is_owner": new.is_owner, "profile": new.profile}
    link_id = new_id("lnk")
    values = {
        "id": link_id,
        "connection_id": connection.id,
        "account_id": account_id,
        "issuer": new.issuer,
        "subject": new.subject,
        "email": new.email,
        "proof": kept,
        "session_sealed": kept_for_link(connection.id, link_id, assertion),
    }
    _keep(transaction, address, values)
    return Refusal(
        Cause.LINK_REQUIRED,
        "; ".join(reason.sentence for reason in arrival.reasons),
        reasons=" ".join(reason.code for reason in arrival.reasons),
        email=address.text,
        connection_id=connection.id,
        subject=assertion.subject,
        redirect=redirect(url_for("signin.link", tx=transaction.tx), 303),
    )


def _keep(transaction: Transaction, address: Address, values: dict[str, Any]) -> None:
    """Write the link that waits, and let the attempt go on with its proof."""
    now = the_broker().ports.clock.now()
    with g.db.writing() as db:
        db.run(REOPEN_TRANSACTION, id_hash=transaction.id_hash, browser=browser_hash(), now=now)
        db.run(
            ADD_LINK,
            transaction_hash=transaction.id_hash,
            browser_hash=browser_hash(),
            connection_version=transaction.row.connection_version,
            created_at=now,
            expires_at=now + SIGN_IN_LIFE,
            **values,
        )
        hints = dict(transaction.row.hints) | {"link": values["id"]}
        is_live = write_way(db, transaction, None, email=address.text, hints=hints)
    require_live(is_live)
