"""`broker connection health` and `calendar`: how the ways in fare, and what of them runs out when."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

import click
from sqlalchemy import Row

from broker.cli.asking import tenant_of, time_text
from broker.cli.start import started
from broker.endings import endings_of
from broker.upstream.kind import Finding
from broker.wiring import Broker
from tenants.audit import printable
from tenants.connection_health import HEALTH, is_ailing
from tenants.endings import Ending
from tenants.tenants import ALL_TENANTS

_SOON = 30
_THINGS = {
    "certificate": "provider's certificate",
    "secret": "client secret",
    "client_certificate": "client certificate",
    "own_certificate": "own certificate",
    "applications_certificate": "own certificate for applications",
}


@click.command()
@click.argument("tenant", required=False)
def health(tenant: str | None) -> None:
    """Say of every connection when it last worked, when it last failed, and why. Of all tenants, unless one is named.

    What only a browser has told of, such as an answer whose signature does not hold, anybody can make up: it stands apart,
    under "not proven", and makes no connection fail.
    """
    lines: list[Sequence[str]] = []
    with started() as broker:
        for slug, tenant_id in _tenants(broker, tenant):
            lines += [_health_line(slug, row) for row in _health(broker, tenant_id)]
    head = ("connection", "state", "last success", "last failure", "why", "reference", "not proven")
    _print(head, lines, "No connection is set up.")


@click.command()
@click.argument("tenant", required=False)
def calendar(tenant: str | None) -> None:
    """List certificates and client secrets with their ends, the next one first. Of all tenants, unless one is named."""
    found: list[tuple[str, Ending]] = []
    with started() as broker:
        now = broker.ports.clock.now()
        for slug, tenant_id in _tenants(broker, tenant):
            found += [(slug, one) for one in endings_of(broker, tenant_id)]
    found.sort(key=lambda one: (one[1].ends_at, one[0], one[1].connection))
    lines = [_calendar_line(slug, one, now) for slug, one in found]
    _print(("connection", "what", "name", "ends", ""), lines, "Nothing has an end that is known.")


def health_findings(broker: Broker) -> Iterator[tuple[str, Finding]]:
    """What `broker doctor` says of connections that fail and of what runs out soon."""
    now = broker.ports.clock.now()
    for slug, tenant_id in _tenants(broker, None):
        for row in _health(broker, tenant_id):
            if row.is_enabled and is_ailing(row):
                sentence = f"It failed {row.failures} times since it last worked, the last time with {row.last_failure_cause}."
                yield f"tenants.{slug}.connections.{row.key}", Finding("warn", "connection_ailing", sentence)
        for one in endings_of(broker, tenant_id):
            # Certificates of providers are looked at by the connection test.
            if one.thing != "certificate" and one.days_left(now) < _SOON:
                sentence = f"Its {_THINGS[one.thing]} ends on {time_text(one.ends_at)}."
                yield f"tenants.{_path(slug, one)}", Finding("warn", f"{one.thing}_ends", sentence)


def _tenants(broker: Broker, slug: str | None) -> list[tuple[str, str]]:
    rows = [tenant_of(broker, slug)] if slug else broker.db.look_up(ALL_TENANTS)
    return [(row.slug, row.id) for row in rows]


def _health(broker: Broker, tenant_id: str) -> Sequence[Row[Any]]:
    with broker.db.tenant(tenant_id).reading() as session:
        return session.all(HEALTH)


def _health_line(slug: str, row: Row[Any]) -> Sequence[str]:
    why = f"{row.last_failure_cause}: {printable(row.last_failure_detail)}" if row.last_failure_cause else "-"
    moments = (time_text(row.last_success_at), time_text(row.last_failure_at))
    apart = f"{row.unproven}x, {printable(row.unproven_detail or '')}, {row.unproven_reference}" if row.unproven else "-"
    return (f"{slug}.connections.{row.key}", _state(row), *moments, why, row.last_reference or "-", apart)


def _calendar_line(slug: str, one: Ending, now: datetime) -> Sequence[str]:
    return (_path(slug, one), _THINGS[one.thing], one.name or "-", time_text(one.ends_at), _left(one, now))


def _state(row: Row[Any]) -> str:
    if not row.is_enabled:
        return "off"
    if row.failures:
        return f"failed {row.failures}x"
    return "works" if row.last_success_at else "unused"


def _path(slug: str, ending: Ending) -> str:
    return f"{slug}.connections.{ending.connection}" if ending.connection else slug


def _left(ending: Ending, now: datetime) -> str:
    days = ending.days_left(now)
    return "over" if ending.ends_at <= now else f"in {days} day{'s' if days != 1 else ''}"


def _print(head: Sequence[str], lines: Sequence[Sequence[str]], nothing: str) -> None:
    """A table for a terminal."""
    if not lines:
        click.echo(nothing)
        return
    widths = [max(len(line[column]) for line in (head, *lines)) for column in range(len(head))]
    for line in (head, *lines):
        click.echo("  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip())
