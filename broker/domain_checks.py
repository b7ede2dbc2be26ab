"""Looking for the records that prove domains: at somebody's word, and each day for the proofs that rest on one."""

from collections.abc import Iterator, Sequence
from typing import Any

import structlog
from sqlalchemy import Row, bindparam, select, update
from sqlalchemy.exc import IntegrityError

from broker.daily import ASKING_SECONDS, Daily
from broker.wiring import Broker
from tenants.domain_proofs import DNS, Look, ProofError, begin_proof, find_challenge, note_look, record_name, record_text
from tenants.statements import platform
from tenants.tenants import DomainProof

log = structlog.get_logger()

JOB = "domains"
BATCH = 50
_BY_DNS = platform(
    select(DomainProof.domain, DomainProof.tenant_id, DomainProof.failing_since)
    .where(DomainProof.method == DNS, DomainProof.domain > bindparam("after"))
    .order_by(DomainProof.domain)
    .limit(BATCH)
)


def check_domain(broker: Broker, tenant_id: str, domain: str) -> Look:
    """Look for the record of one domain, and write down what follows. Raises ProofError, and OSError without an answer."""
    with broker.db.tenant(tenant_id).reading() as session:
        challenge = find_challenge(session, domain)
    if challenge is None:
        raise ProofError("There is nothing to look for yet: make the record first.")
    return _note(broker, tenant_id, domain, _is_there(broker, domain, challenge.token))


def daily_checks() -> Daily:
    """The work of once a day."""
    return Daily(JOB, lambda broker, _: recheck(broker))


def recheck(broker: Broker) -> Iterator[str]:
    """One look after the other; no transaction is open meanwhile. One domain's failure is logged, and the others go on."""
    after: str | None = ""
    while after is not None:
        rows = broker.db.look_up(_BY_DNS, after=after)
        confirmed = []
        for row in rows:
            if _recheck_one(broker, row):
                confirmed.append(row.domain)
            yield row.domain
        _note_confirmed(broker, confirmed)
        after = rows[-1].domain if len(rows) == BATCH else None


def _recheck_one(broker: Broker, row: Row[Any]) -> bool:
    """Is it there as it was the day before? Everything else is written down at once."""
    try:
        is_found = _is_there(broker, row.domain, _token(broker, row.tenant_id, row.domain), ASKING_SECONDS)
        if is_found and row.failing_since is None:
            return True
        _note(broker, row.tenant_id, row.domain, is_found)
    except OSError as fault:
        # No answer says nothing about the record: the name servers may be down, or we may be.
        log.warning("domain_not_answered", domain=row.domain, detail=str(fault)[:200])
    except Exception as error:
        log.error("domain_check_failed", domain=row.domain, exc_info=error)
    return False


def _token(broker: Broker, tenant_id: str, domain: str) -> str:
    """What to look for. A proof without a record that was ever asked for is one that nobody can find."""
    with broker.db.tenant(tenant_id).reading() as session:
        known = find_challenge(session, domain)
    if known is not None:
        return known.token
    with broker.db.tenant(tenant_id).writing() as session:
        return begin_proof(session, domain, broker.ports.clock.now()).token


def _is_there(broker: Broker, domain: str, token: str, timeout: float | None = None) -> bool:
    wanted = record_text(token)
    return any(text.strip() == wanted for text in broker.ports.dns.txt(record_name(domain), timeout=timeout))


def _note(broker: Broker, tenant_id: str, domain: str, is_found: bool) -> Look:
    try:
        return _note_once(broker, tenant_id, domain, is_found)
    except IntegrityError:
        # Another tenant has proven it at the same moment: now that is there to be found.
        return _note_once(broker, tenant_id, domain, is_found)


def _note_once(broker: Broker, tenant_id: str, domain: str, is_found: bool) -> Look:
    now = broker.ports.clock.now()
    with broker.db.operating(tenant_id, f"the record of {domain} was looked for", now) as (platform_session, session):
        look = note_look(platform_session, session, broker.vault, domain, is_found, now)
    if look in (Look.CONFLICT, Look.LOST):
        log.warning("domain_proof", what=look.value, domain=domain, tenant_id=tenant_id)
    return look


def _note_confirmed(broker: Broker, domains: Sequence[str]) -> None:
    """In one transaction for many: each across tenants leaves a row that says why."""
    if not domains:
        return
    now = broker.ports.clock.now()
    with broker.db.platform("domains were looked at", now) as session:
        still = (DomainProof.domain.in_(domains), DomainProof.method == DNS, DomainProof.failing_since.is_(None))
        session.execute(update(DomainProof).where(*still).values(checked_at=now))
