"""Proof of an e-mail domain by DNS: what to publish, and what follows from a look at it (T4; RT-05, RT-08).

Whether the record is there is asked elsewhere, outside of any transaction; here it is written down.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import Row, bindparam, select

from tenants.addresses import AddressError
from tenants.audit import Event, append
from tenants.db import Database, PlatformSession, TenantSession
from tenants.domain_challenges import DomainChallenge
from tenants.domains import Domain
from tenants.ids import new_id, new_secret
from tenants.outbox import add_mail
from tenants.recipients import OTHER_ADMINS
from tenants.routing_domains import is_public, parse_domain_name
from tenants.statements import platform as platform_statement
from tenants.tenants import DomainProof
from tenants.vault import Vault

DNS = "dns"
"""Method of the proofs that rest on a record; all others are the operator's word and not looked at again."""
GRACE = timedelta(days=7)
"""How long a record may be missing before its proof ends."""
STALE = timedelta(days=3)
"""After so long without an answer somebody has to look."""
_LABEL = "_sso-broker"
_LONGEST_NAME = 253
_PROOFS = platform_statement(select(*DomainProof.__table__.c).where(DomainProof.tenant_id == bindparam("tenant_id")))


class ProofError(ValueError):  # says what happened, as a Refusal does
    """Why a domain can't be proven: a sentence for whoever tries."""


class Look(StrEnum):
    """What follows from one look."""

    PROVEN = "proven"
    """Found; it is this tenant's from now on."""
    CONFIRMED = "confirmed"
    BACK = "back"
    """Found again, in time."""
    VOUCHED = "vouched"
    """Not there, but the operator's word stands."""
    BY_RECORD = "by_record"
    """Found where the operator's word stood: the proof rests on the record from now on."""
    CONFLICT = "conflict"
    """Found, but another tenant has proven it."""
    ABSENT = "absent"
    """Not there, and nothing rests on it."""
    MISSING = "missing"
    """Not there for the first time."""
    STILL_MISSING = "still_missing"
    LOST = "lost"
    """Missing for too long: the proof ends."""


@dataclass(frozen=True, slots=True)
class Holding:
    """The proof that there is."""

    is_ours: bool
    method: str
    failing_since: datetime | None = None


def record_name(domain: str) -> str:
    """Where the record is to stand."""
    return f"{_LABEL}.{domain}"


def record_text(token: str) -> str:
    """What it has to say."""
    return f"sso-broker-domain={token}"


def provable(text: str) -> str:
    """The domain that has to be proven for what was typed: for `*.acme.example` it is acme.example. Raises ProofError."""
    try:
        domain = parse_domain_name(text).removeprefix("*.")
    except AddressError as error:
        raise ProofError(str(error)) from None
    if is_public(domain):
        raise ProofError(f"Anybody gets an address at {domain}, so it is nobody's to prove.")
    if len(record_name(domain)) > _LONGEST_NAME:
        raise ProofError("This name is too long for a record below it.")
    return domain


def decide_look(is_found: bool, holding: Holding | None, now: datetime) -> Look:
    """What a look means. Pure."""
    if holding is None or not holding.is_ours:
        if not is_found:
            return Look.ABSENT
        return Look.CONFLICT if holding else Look.PROVEN
    if holding.method != DNS:
        return Look.BY_RECORD if is_found else Look.VOUCHED
    if is_found:
        return Look.BACK if holding.failing_since else Look.CONFIRMED
    if holding.failing_since is None:
        return Look.MISSING
    return Look.LOST if now - holding.failing_since >= GRACE else Look.STILL_MISSING


def begin_proof(session: TenantSession, domain: str, now: datetime) -> DomainChallenge:
    """What the tenant has to publish for this domain (of `provable`); the same again where it was asked before."""
    known = find_challenge(session, domain)
    if known is not None:
        return known
    made = DomainChallenge(id=new_id("dch"), name=domain, token=new_secret(), created_at=now)
    session.add(made)
    session.flush()
    return made


def find_challenge(session: TenantSession, domain: str) -> DomainChallenge | None:
    return session.scalars(select(DomainChallenge).where(DomainChallenge.name == domain)).first()


def note_look(
    platform: PlatformSession, session: TenantSession, vault: Vault, domain: str, is_found: bool, now: datetime
) -> Look:
    """Write down what follows from a look at the record of `domain`. Raises ProofError."""
    challenge = find_challenge(session, domain)
    if challenge is None:
        raise ProofError("There is nothing to look for yet: make the record first.")
    provable(domain)
    proof = platform.get(DomainProof, domain, with_for_update=True)
    holding = Holding(proof.tenant_id == session.tenant_id, proof.method, proof.failing_since) if proof else None
    look = decide_look(is_found, holding, now)
    _note_on_challenge(challenge, look, is_found, now)
    if proof is None and look is Look.PROVEN:
        platform.add(DomainProof(domain=domain, tenant_id=session.tenant_id, method=DNS, proven_at=now, checked_at=now))
    elif proof is not None and look in _ON_PROOF:
        _note_on_proof(platform, proof, look, now)
    if look in _EVENTS:
        append(session, _EVENTS[look], at=now, detail={"domain": domain, "record": record_name(domain)})
    if look in (Look.PROVEN, Look.LOST):
        session.touch_configuration()
    if look in (Look.MISSING, Look.LOST):
        _tell_admins(session, vault, challenge, look, now)
    return look


_EVENTS = {
    Look.PROVEN: Event.DOMAIN_PROVEN,
    Look.BY_RECORD: Event.DOMAIN_PROVEN,
    Look.BACK: Event.DOMAIN_PROOF_FOUND,
    Look.CONFLICT: Event.DOMAIN_CONFLICT,
    Look.MISSING: Event.DOMAIN_PROOF_MISSING,
    Look.LOST: Event.DOMAIN_PROOF_LOST,
}
_ON_PROOF = frozenset({Look.CONFIRMED, Look.BY_RECORD, Look.BACK, Look.MISSING, Look.STILL_MISSING, Look.LOST})


def release(platform: PlatformSession, session: TenantSession, domain: str, now: datetime, by: str) -> str | None:
    """Take the proof back and forget its record: the next is another. Returns the proof's method. Raises ProofError.

    What a tenant was asked to publish while the operator's word stood stays good: it has proven nothing yet.
    """
    challenge = find_challenge(session, domain)
    proof = platform.get(DomainProof, domain, with_for_update=True)
    if proof is not None and proof.tenant_id != session.tenant_id:
        proof = None
    if proof is None and challenge is None:
        raise ProofError("This tenant has neither proven this domain nor begun to.")
    if challenge is not None and (proof is None or proof.method == DNS):
        session.delete(challenge)
    if proof is not None:
        platform.delete(proof)
        session.touch_configuration()
    method = proof.method if proof else None
    append(session, Event.DOMAIN_RELEASED, at=now, detail={"domain": domain, "method": method, "by": by})
    return method


def _note_on_challenge(challenge: DomainChallenge, look: Look, is_found: bool, now: datetime) -> None:
    challenge.checked_at = now
    if is_found:
        challenge.seen_at, challenge.missing_since = now, None
    elif look is Look.MISSING:
        challenge.missing_since = now
    if look is Look.CONFLICT:
        challenge.conflict_at = challenge.conflict_at or now
    elif is_found:
        challenge.conflict_at = None


def _note_on_proof(platform: PlatformSession, proof: DomainProof, look: Look, now: datetime) -> None:
    proof.checked_at = now
    if look is Look.LOST:
        platform.delete(proof)
    elif look is Look.MISSING:
        proof.failing_since = now
    elif look is Look.BACK:
        proof.failing_since = None
    elif look is Look.BY_RECORD:
        proof.method = DNS


def _tell_admins(session: TenantSession, vault: Vault, challenge: DomainChallenge, look: Look, now: datetime) -> None:
    facts = {"what": look.value, "domain": challenge.name, "name": record_name(challenge.name)}
    facts |= {"text": record_text(challenge.token), "until": (now + GRACE).isoformat()}
    for admin in session.all(OTHER_ADMINS, account="", now=now):
        add_mail(session, vault, admin.email, "domain_proof", facts, now)


@dataclass(frozen=True, slots=True)
class Standing:
    """How one domain of a tenant stands."""

    domain: str
    proof: Row[Any] | None
    """With the columns of `domain_proofs`."""
    challenge: DomainChallenge | None
    is_listed: bool

    def faults(self, now: datetime) -> Iterator[str]:
        """What the operator has to know."""
        if self.proof is None and self.challenge is not None and self.challenge.conflict_at:
            yield "Another tenant has proven it: find out whose it is."
        if self.proof is None or self.proof.method != DNS:
            return
        if self.proof.failing_since:
            yield f"Its record is missing since {self.proof.failing_since:%Y-%m-%d}; after {GRACE.days} days the proof ends."
        elif now - (self.proof.checked_at or self.proof.proven_at) > STALE:
            yield f"No name server has answered for it since {self.proof.checked_at or self.proof.proven_at:%Y-%m-%d}."


def standings(db: Database, tenant_id: str) -> list[Standing]:
    """Every domain that the tenant lists, has proven or is to prove."""
    proofs = {row.domain: row for row in db.look_up(_PROOFS, tenant_id=tenant_id)}
    with db.tenant(tenant_id).reading() as session:
        challenges = {row.name: row for row in session.scalars(select(DomainChallenge))}
        listed = {name.removeprefix("*.") for name in session.scalars(select(Domain.name))}
    return [
        Standing(name, proofs.get(name), challenges.get(name), name in listed)
        for name in sorted(proofs.keys() | challenges.keys() | listed)
    ]
