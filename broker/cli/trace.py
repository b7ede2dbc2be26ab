"""`broker trace`: what is known of the sign-in that a person's reference names (docs/operating.md)."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

import click
from sqlalchemy import Row

from broker.cli.asking import tenant_of, time_text
from broker.cli.start import started
from broker.wiring import Broker
from tenants.audit import EVENTS_BY_REFERENCE, Event, append, printable
from tenants.traces import TRACES_BY_REFERENCE, lines_of, share

BY = "broker trace"


@click.command()
@click.argument("tenant")
@click.argument("reference")
@click.option("--share", "is_shared", is_flag=True, help="Make a link for a helpdesk. It works for seven days.")
def trace(tenant: str, reference: str, is_shared: bool) -> None:
    """Print the audit rows of a reference, and what the identity provider had sent."""
    wanted = reference.strip().upper()
    with started() as broker:
        home, now = tenant_of(broker, tenant), broker.ports.clock.now()
        with broker.db.tenant(home.id).reading() as session:
            events = session.all(EVENTS_BY_REFERENCE, reference=wanted)
            traces = [one for one in session.all(TRACES_BY_REFERENCE, reference=wanted) if one.expires_at > now]
        if not events and not traces:
            raise click.ClickException("Nothing is known under this reference in this tenant.")
        for line in (*_events(events), *_traces(traces)):
            click.echo(line)
        if is_shared:
            click.echo(_shared(broker, home.slug, home.id, traces, now))


def _events(events: Sequence[Row[Any]]) -> Iterator[str]:
    for event in events:
        yield f"{time_text(event.at)}  {event.event}{f'  {event.cause}' if event.cause else ''}"
        places = {"account": event.account_id, "connection": event.connection_id, "application": event.application_id}
        for name, value in (places | {"address": event.address} | event.detail).items():
            if value:
                yield f"    {name}: {printable(value)}"


def _traces(traces: Sequence[Row[Any]]) -> Iterator[str]:
    for one in traces:
        yield f"Received at {time_text(one.at)}, version {one.connection_version or '?'} of the connection, {one.cause}:"
        for name, value in lines_of(one.received) or [("nothing", "that could be read")]:
            yield f"    {printable(name)}: {printable(value)}"
        for number, step in enumerate(one.steps, 1):
            yield f"  {number}. {printable(step['sentence'])} ({printable(step['code'])})"
        yield f"  Kept until {time_text(one.expires_at)}."


def _shared(broker: Broker, slug: str, tenant_id: str, traces: Sequence[Row[Any]], now: datetime) -> str:
    """The link to the newest trace; the log says that there is one, and not what it is."""
    if not traces:
        raise click.ClickException("Nothing was kept that could be shown by a link.")
    latest = traces[-1]
    with broker.db.tenant(tenant_id).writing() as session:
        token, until = share(session, latest, now)
        append(
            session,
            Event.TRACE_SHARED,
            at=now,
            reference=latest.reference,
            connection_id=latest.connection_id,
            application_id=latest.application_id,
            detail={"by": BY, "until": until.isoformat(timespec="seconds")},
        )
    tenant = broker.snapshots.find_by_slug(slug)
    base = tenant.base_url if tenant else ""
    return f"{base}/trace/{token}\nIt works until {time_text(until)}. Whoever has it can read what stands above."
