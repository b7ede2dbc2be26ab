"""Domains of a tenant and what the name servers say of them."""

from typing import cast

from broker.domain_checks import check_domain, recheck
from tenants.domain_proofs import Look, begin_proof, record_name, record_text
from tenants.tenants import DomainProof
from tests.factories import Home
from tests.support.names import FakeDns


def dns_of(home: Home) -> FakeDns:
    """The name servers as the product sees them."""
    return cast(FakeDns, home.broker.ports.dns)


def asked_for(home: Home, domain: str | None = None) -> str:
    """Begin a proof: what the record has to say."""
    with home.db.writing() as db:
        return record_text(begin_proof(db, domain or home.domain, home.now).token)


def publish(home: Home, domain: str | None = None, *texts: str) -> None:
    """The owner of the domain publishes the record of this tenant, or these texts."""
    domain = domain or home.domain
    dns_of(home).texts[record_name(domain)] = list(texts or (asked_for(home, domain),))


def withdraw(home: Home, domain: str | None = None) -> None:
    dns_of(home).texts.pop(record_name(domain or home.domain), None)


def look(home: Home, domain: str | None = None) -> Look:
    return check_domain(home.broker, home.id, domain or home.domain)


def prove(home: Home, domain: str | None = None) -> str:
    """By its record, from beginning to end."""
    domain = domain or home.domain
    publish(home, domain)
    assert look(home, domain) is Look.PROVEN
    return domain


def next_day(home: Home, days: int = 1) -> None:
    """The daily look, once for each of these days."""
    for _ in range(days):
        home.broker.ports.clock.advance(days=1)
        for _domain in recheck(home.broker):
            pass


def proof_of(home: Home, domain: str | None = None) -> DomainProof | None:
    with home.broker.db.platform("a test looks at a proof", home.now) as platform:
        return platform.get(DomainProof, domain or home.domain)
