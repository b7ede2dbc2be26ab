"""`broker door`: the back door of a tenant, opened, given to admins and looked after by the operator."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

import click
from sqlalchemy import Row

from broker.cli.asking import address_of, tenant_of
from broker.cli.start import started
from broker.wiring import Broker
from tenants.db import TenantSession
from tenants.door_keeping import (
    DRILL_DAYS,
    DoorError,
    DoorState,
    Holder,
    close_door,
    grant_door,
    look_at_door,
    open_door,
    overdue,
    restrict_door,
    revoke_door,
    rotate_door,
)

Job = tuple[TenantSession, datetime, str]
"""A write session of the tenant, the time, and the tenant's address."""

tenant_argument = click.argument("tenant")
email_argument = click.argument("email")


@click.group()
def door() -> None:
    """Emergency access to a tenant: an unlisted address with credentials of its own, for when nothing else works."""


@door.command("open")
@tenant_argument
def open_(tenant: str) -> None:
    """Open the door and print its address, once: it is stored nowhere."""
    with _job(tenant) as (session, now, base_url):
        secret = open_door(session, now)
    _tell_address(base_url, secret)


@door.command()
@tenant_argument
def rotate(tenant: str) -> None:
    """Give the door a new address and print it, once. The old one is unknown from now on."""
    with _job(tenant) as (session, now, base_url):
        secret = rotate_door(session, now)
    _tell_address(base_url, secret)


@door.command()
@tenant_argument
def close(tenant: str) -> None:
    """Close the door and end its sessions. Who is marked stays marked."""
    with _job(tenant) as (session, now, _):
        close_door(session, now)
    click.echo("The door is closed.")


@door.command()
@tenant_argument
@email_argument
def grant(tenant: str, email: str) -> None:
    """Mark an owner or admin, and print the link with which they set the door's own password and app."""
    address = address_of(email)
    with _job(tenant) as (session, now, base_url):
        token, expires_at = grant_door(session, address, now)
    click.echo(f"{base_url}/activate/door/{token}")
    click.echo(f"For {address.text}, once, until {_time(expires_at)}.", err=True)


@door.command()
@tenant_argument
@email_argument
def revoke(tenant: str, email: str) -> None:
    """Unmark somebody: their credentials for the door are deleted, and their sessions by it end."""
    address = address_of(email)
    with _job(tenant) as (session, now, _):
        revoke_door(session, address, now)
    click.echo(f"{address.text} is no longer marked.")


@door.command()
@tenant_argument
@click.argument("networks", nargs=-1, metavar="[CIDR]...")
@click.option("--anywhere", is_flag=True, help="Allow every network again.")
def networks(tenant: str, networks: tuple[str, ...], anywhere: bool) -> None:
    """Allow the door from these address ranges only. Without any: say which are allowed."""
    if networks and anywhere:
        raise click.ClickException("Name networks or --anywhere, not both.")
    with _job(tenant) as (session, now, _):
        if networks or anywhere:
            restrict_door(session, networks, now)
        state = look_at_door(session, now)
    if not state.is_open:
        raise click.ClickException("The door is closed. `broker door open` opens it.")
    click.echo("\n".join(state.networks or ("anywhere",)))


@door.command("list")
@tenant_argument
def list_(tenant: str) -> None:
    """Say how the door stands and who is marked."""
    with _job(tenant) as (session, now, _):
        state = look_at_door(session, now)
    for line in _lines(state):
        click.echo(line)


@door.command()
@tenant_argument
@click.option("--days", type=click.IntRange(1, 3650), default=DRILL_DAYS, show_default=True, help="How long is too long.")
def drill(tenant: str, days: int) -> None:
    """Name everybody who has not signed in by the door for so long. Ends with 1 where somebody is due, or nobody could."""
    with _job(tenant) as (session, now, _):
        state = look_at_door(session, now)
    due = overdue(state, now, days)
    for holder in due:
        click.echo(f"{holder.email}: {_proof(holder)}")
    if not state.is_open:
        click.echo("The door is closed.", err=True)
    if not any(holder.is_set_up and holder.is_admin for holder in state.holders):
        click.echo("Nobody could use the door.", err=True)
    elif state.is_open and not due:
        click.echo(f"Everybody has proven the door within {days} days.")
        return
    raise click.exceptions.Exit(1)


@contextmanager
def _job(slug: str) -> Iterator[Job]:
    with started() as broker:
        tenant = tenant_of(broker, slug)
        try:
            with broker.db.tenant(tenant.id).writing() as session:
                yield session, broker.ports.clock.now(), _base_url(broker, tenant)
        except DoorError as error:
            raise click.ClickException(str(error)) from None


def _base_url(broker: Broker, tenant: Row[tuple[str, str, str]]) -> str:
    return broker.snapshots.base_url(tenant.slug, tenant.canonical_host)


def _tell_address(base_url: str, secret: str) -> None:
    click.echo(f"{base_url}/door/{secret}")
    click.echo("It is shown this once. Hand it to the marked admins; keep it apart from their passwords.", err=True)


def _lines(state: DoorState) -> Iterator[str]:
    if state.networks is None:
        yield "The door is closed."
    else:
        yield f"The door is open, from {', '.join(state.networks) or 'anywhere'}; last used {_when(state.last_used_at)}."
    for holder in state.holders:
        yield f"{holder.email}: {_standing(holder)}; last used {_when(holder.last_used_at)}; {_proof(holder)}"
    if not state.holders:
        yield "Nobody is marked."


def _standing(holder: Holder) -> str:
    parts = ["set up" if holder.is_set_up else "not set up"]
    if holder.link_expires_at:
        parts.append(f"a link waits until {_time(holder.link_expires_at)}")
    if not holder.is_admin:
        parts.append("can't use it: no owner or admin, or switched off")
    return ", ".join(parts)


def _proof(holder: Holder) -> str:
    return f"proven {_when(holder.last_drill_at)}"


def _when(moment: datetime | None) -> str:
    return _time(moment) if moment else "never"


def _time(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"
