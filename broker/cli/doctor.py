"""`broker doctor`: is everything in place, and do the identity providers answer?"""

import json
from collections.abc import Iterator
from itertools import chain
from typing import Any

import click
from sqlalchemy import select

from broker.audit_chain import is_chain_broken
from broker.cli.connection_health import health_findings
from broker.cli.serve import refusals
from broker.cli.start import started
from broker.metadata_findings import examine_followed
from broker.ports import MailFault
from broker.provider_metadata import Followed
from broker.shared_registrations import completed
from broker.upstream import KINDS
from broker.upstream.kind import Finding
from broker.wiring import Broker
from tenants.causes import BrokerError
from tenants.connections import Connection
from tenants.consents import consented_directories
from tenants.domain_proofs import standings
from tenants.outbox import OutboxMail, PlatformMail
from tenants.tenants import ALL_TENANTS
from tenants.vault import Place, VaultError


@click.command()
def doctor() -> None:
    """Check settings, database, tenants and connections. Ends with 1 where something is wrong."""
    is_well = True
    with started() as broker:
        click.echo("ok    settings, database, tables")
        for sentence in refusals(broker):
            is_well = False
            click.echo(f"bad   {sentence}")
        found = (findings, domain_findings, health_findings, mail_findings, counter_findings, chain_findings)
        for path, finding in chain.from_iterable(part(broker) for part in found):
            is_well = is_well and finding.severity != "bad"
            click.echo(f"{finding.severity:<5} {path}: {finding.sentence!s}")
    if not is_well:
        raise click.exceptions.Exit(1)


def mail_findings(broker: Broker) -> Iterator[tuple[str, Finding]]:
    """Can mail be sent, and was it?"""
    mailer = broker.ports.mailer
    if mailer is None:
        yield "mail", Finding("warn", "mail_not_set_up", "BROKER_SMTP_HOST is not set: mails wait, the finder is not offered.")
        return
    try:
        mailer.check()
        yield "mail", Finding("ok", "mail", "The mail server lets us in.")
    except MailFault as fault:
        yield "mail", Finding("bad", "mail_unreachable", f"The mail server does not let us in: {fault}")
    if any(broker.db.has_row(model, model.failed_at.is_not(None)) for model in (OutboxMail, PlatformMail)):
        sentence = "In the last 30 days some mails could not be delivered: `broker mail list --failed` names them."
        yield "mail", Finding("warn", "mail_undeliverable", sentence)


def counter_findings(broker: Broker) -> Iterator[tuple[str, Finding]]:
    """Does the store answer that counts tries?"""
    counters = broker.ports.counters
    if counters is None:
        return
    try:
        counters.check()
        yield "redis", Finding("ok", "counters", "Redis answers: tries of passwords and codes are counted there.")
    except BrokerError as error:
        yield "redis", Finding("bad", "counters_unreachable", f"{error.detail}: passwords and codes are refused.")


def chain_findings(broker: Broker) -> Iterator[tuple[str, Finding]]:
    """Was an audit log found to be tampered with?"""
    if is_chain_broken(broker):
        yield "audit", Finding("bad", "audit_chain", "A log was tampered with: `broker audit verify` names the entry.")


def domain_findings(broker: Broker) -> Iterator[tuple[str, Finding]]:
    """What the operator has to know about proofs of domains."""
    for tenant in broker.db.look_up(ALL_TENANTS):
        for standing in standings(broker.db, tenant.id):
            for sentence in standing.faults(broker.ports.clock.now()):
                yield f"tenants.{tenant.slug}.domains.{standing.domain}", Finding("warn", "domain_proof", sentence)


def findings(broker: Broker) -> Iterator[tuple[str, Finding]]:
    """What the kinds say about every connection that is switched on."""
    for tenant in broker.db.look_up(ALL_TENANTS):
        with broker.db.tenant(tenant.id).reading() as session:
            switched_on = select(Connection).where(Connection.is_enabled).order_by(Connection.position, Connection.key)
            connections = list(session.scalars(switched_on))
        for connection in connections:
            for finding in _examined(broker, connection):
                yield f"tenants.{tenant.slug}.connections.{connection.key}", finding


def _examined(broker: Broker, connection: Connection) -> list[Finding]:
    """Outside of any transaction: this asks the identity provider."""
    kind = KINDS.get(connection.kind)
    if kind is None:
        return [Finding("bad", "kind_unknown", f"This version has no kind {connection.kind}.")]
    try:
        options = kind.options_type.model_validate({**connection.options, **_secrets(broker, connection)})
        followed = Followed.of(connection.tenant_id, connection)
        if followed is not None:
            return list(examine_followed(broker, followed))
        with broker.db.tenant(connection.tenant_id).reading() as session:
            consented = tuple(consented_directories(session).get(connection.id, {}))
        return kind.check(completed(kind, options, consented, broker.shared), broker.ports)
    except VaultError:
        return [Finding("bad", "secret_sealed", "Its secrets don't open with BROKER_MASTER_KEYS.")]
    except ValueError:
        return [Finding("bad", "options_invalid", "Its options don't fit this version.")]
    except BrokerError as error:
        return [Finding("bad", error.cause.value, error.detail or error.cause.value)]


def _secrets(broker: Broker, connection: Connection) -> dict[str, Any]:
    if connection.secrets_sealed is None:
        return {}
    place = Place(connection.tenant_id, Connection.__tablename__, "secrets_sealed", connection.id)
    secrets: dict[str, Any] = json.loads(broker.vault.open(connection.secrets_sealed, place))
    return secrets
