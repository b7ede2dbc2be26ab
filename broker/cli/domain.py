"""`broker domain`: the proof that an e-mail domain belongs to a tenant, by a TXT record (docs/operating.md)."""

from collections.abc import Iterator
from contextlib import contextmanager

import click
from sqlalchemy import bindparam, select

from broker.cli.asking import tenant_of, time_text
from broker.cli.start import started
from broker.domain_checks import check_domain
from broker.wiring import Broker
from tenants.db import PlatformSession, TenantSession
from tenants.domain_proofs import DNS, Look, ProofError, Standing, begin_proof, provable, record_name, record_text, release
from tenants.domain_proofs import standings as standings_of
from tenants.routing_domains import is_public
from tenants.statements import platform
from tenants.tenants import DomainProof, Tenant

BY = "broker domain"
_HOLDER = platform(
    select(Tenant.slug).join(DomainProof, DomainProof.tenant_id == Tenant.id).where(DomainProof.domain == bindparam("domain"))
)
_SENTENCES = {
    Look.PROVEN: "{domain} is proven.",
    Look.CONFIRMED: "{domain} is proven, and the record is there.",
    Look.BACK: "{domain} is proven, and the record is there again.",
    Look.VOUCHED: "{domain} is proven by the operator's word; no record is needed.",
    Look.BY_RECORD: "{domain} is proven by its record from now on, no longer by the operator's word: the record has to stay.",
    Look.ABSENT: "The record is not there, or not everywhere yet. Nothing was changed.",
    Look.MISSING: "The record is missing. The owners and admins get a mail; in seven days the proof ends.",
    Look.STILL_MISSING: "The record is still missing. Seven days after it was missing first, the proof ends.",
    Look.LOST: "The record has been missing for seven days: {domain} is not proven any more.",
}
_FAILURES = frozenset({Look.CONFLICT, Look.ABSENT, Look.MISSING, Look.STILL_MISSING, Look.LOST})

tenant_argument = click.argument("tenant")
domain_argument = click.argument("domain")


@click.group()
def domain() -> None:
    """Prove the e-mail domains of a tenant by a TXT record, and see how they stand."""


@domain.command("list")
@tenant_argument
def list_(tenant: str) -> None:
    """Say of every domain whether it is proven, how, and what is wrong."""
    with started() as broker:
        standings = standings_of(broker.db, tenant_of(broker, tenant).id)
    for standing in standings:
        click.echo(f"{standing.domain}: {'; '.join(_parts(standing))}")
    if not standings:
        click.echo("No domain is listed or proven.")


@domain.command()
@tenant_argument
@domain_argument
def prove(tenant: str, domain: str) -> None:
    """Print the TXT record that the owner of DOMAIN has to publish. It is the same each time until it is released."""
    with _job(tenant, "a proof is begun") as (broker, _, session):
        challenge = begin_proof(session, provable(domain), broker.ports.clock.now())
    click.echo(f'{record_name(challenge.name)}. TXT "{record_text(challenge.token)}"')
    click.echo(f"Once it is published: broker domain check {tenant} {challenge.name}. It has to stay there.", err=True)


@domain.command()
@tenant_argument
@domain_argument
def check(tenant: str, domain: str) -> None:
    """Look for the record of DOMAIN now. Ends with 1 unless the domain is proven and all is well."""
    with started() as broker:
        row = tenant_of(broker, tenant)
        try:
            name = provable(domain)
            look = check_domain(broker, row.id, name)
        except ProofError as error:
            raise click.ClickException(str(error)) from None
        except OSError as fault:
            raise click.ClickException(f"Nothing was changed: {fault}.") from None
        click.echo(_conflict(broker, name) if look is Look.CONFLICT else _SENTENCES[look].format(domain=name))
    if look in _FAILURES:
        raise click.exceptions.Exit(1)


@domain.command("release")
@tenant_argument
@domain_argument
def release_(tenant: str, domain: str) -> None:
    """Take the proof of DOMAIN back at once: nobody is routed by it, and another tenant may prove it."""
    with _job(tenant, "a proof is taken back") as (broker, platform_session, session):
        name = provable(domain)
        method = release(platform_session, session, name, broker.ports.clock.now(), BY)
    click.echo(f"{name} is not proven any more." if method else f"The record of {name} proves nothing any more.")
    if method not in (None, DNS):
        click.echo("If a tenants file says `proven` of it, change that too: the next `broker apply` proves it again.", err=True)


Job = tuple[Broker, PlatformSession, TenantSession]


@contextmanager
def _job(slug: str, reason: str) -> Iterator[Job]:
    with started() as broker:
        row = tenant_of(broker, slug)
        try:
            with broker.db.operating(row.id, f"{BY}: {reason}", broker.ports.clock.now()) as (platform_session, session):
                yield broker, platform_session, session
        except ProofError as error:
            raise click.ClickException(str(error)) from None


def _conflict(broker: Broker, name: str) -> str:
    holders = broker.db.look_up(_HOLDER, domain=name)
    holder = holders[0].slug if holders else "?"
    return (
        f"The record is there, but {name} is proven by the tenant {holder}. Nothing was changed. Make sure whose it is; "
        f"`broker domain release {holder} {name}` takes it from there."
    )


def _parts(standing: Standing) -> Iterator[str]:
    proof, challenge = standing.proof, standing.challenge
    if is_public(standing.domain):
        yield "public, nobody's to prove"
    elif proof is None:
        yield "not proven"
    else:
        yield f"proven by {'DNS' if proof.method == DNS else 'the operator'} since {time_text(proof.proven_at)}"
    if proof is not None and proof.method == DNS:
        yield f"last looked at {time_text(proof.checked_at)}"
    if proof is not None and proof.failing_since:
        yield f"its record is missing since {time_text(proof.failing_since)}"
    if challenge is not None and proof is None:
        yield f"a record was asked for {time_text(challenge.created_at)}, last looked for {time_text(challenge.checked_at)}"
    if challenge is not None and challenge.conflict_at and proof is None:
        yield f"CONFLICT since {time_text(challenge.conflict_at)}: another tenant has proven it"
    if not standing.is_listed:
        yield "not on the list of domains"
