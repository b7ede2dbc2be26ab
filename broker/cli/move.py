"""`broker move`: people go from one connection to another, in parallel, until a date (docs/moving.md)."""

import csv
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import TextIO

import click

from broker.cli.asking import counted, sure, tenant_of, time_text
from broker.cli.start import started
from broker.wiring import Broker
from tenants.db import TenantDatabase, TenantSession
from tenants.move_maps import MapCheck, check_map, known_issuer, read_map, write_map
from tenants.move_reports import Match, Mover, Report
from tenants.moves import Move
from tenants.moving import MoveError, Moving

BY = "broker move"
MAX_MEGABYTES = 64
MISSING_TOLD = 50
_MEANINGS = {
    Match.MOVED: "have moved",
    Match.MAP: "are in the map: linked at their first sign-in",
    Match.ADDRESS: "by their address, which is proven: asked once for the old way, or linked where linking is `proven`",
    Match.NOTHING: "by nothing: asked once for the old way, if the new provider sends the same address",
}
_FORMULA = ("=", "+", "-", "@", "\t")

tenant_argument = click.argument("tenant")
from_argument = click.argument("from_key", metavar="FROM")
yes_option = click.option("--yes", is_flag=True, help="Don't ask.")


@dataclass(frozen=True, slots=True)
class Desk:
    """One move on the operator's desk."""

    broker: Broker
    session: TenantSession
    moving: Moving
    mine: TenantDatabase
    slug: str


@click.group()
def move() -> None:
    """Move people from one connection to another: both work side by side, until the old one is switched off."""


@move.command()
@tenant_argument
@from_argument
@click.argument("to_key", metavar="TO")
@click.option("--cut-over", "day", type=click.DateTime(["%Y-%m-%d"]), help="Switch FROM off in the night to this day.")
def begin(tenant: str, from_key: str, to_key: str, day: datetime | None) -> None:
    """Begin a move. Said again of the same two, it changes the date."""
    with _desk(tenant) as desk:
        begun = desk.moving.begin(from_key, to_key, _night_to(day.date()) if day else None)
        obstacles = desk.moving.obstacles(begun)
    click.echo(f"People move from {from_key} to {to_key}. {_date_text(begun)}")
    for obstacle in obstacles:
        click.echo(f"Before it can be cut over: {obstacle}", err=True)


@move.command()
@tenant_argument
@from_argument
@click.option("--csv", "file", type=click.File("w", encoding="utf-8", lazy=False), help="Write everybody into this file.")
def report(tenant: str, from_key: str, file: TextIO | None) -> None:
    """Say how the people of FROM will be found at the new provider, in numbers; with --csv each of them."""
    with _movers(tenant, from_key) as (begun, movers):
        writer = csv.writer(file) if file else None
        if writer:
            writer.writerow(("email", "match", "state", "role", "last_sign_in"))
        counts: Counter[Match] = Counter()
        for mover in movers:
            counts[mover.match] += 1
            if writer:
                writer.writerow(_cells(mover))
    click.echo(f"{counted(counts.total(), 'account')} with a way by {from_key}. {_date_text(begun)}")
    for match, meaning in _MEANINGS.items():
        click.echo(f"{counts[match]:>7}  {meaning}")


@move.command("map")
@tenant_argument
@from_argument
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--issuer", help="Of rows that name none; without it, the one by which people have come so far.")
@click.option("--dry-run", is_flag=True, help="Check the file, and write nothing.")
@yes_option
def map_(tenant: str, from_key: str, file: Path, issuer: str | None, dry_run: bool, yes: bool) -> None:
    """Say who will arrive as which subject: a CSV file with email,issuer,subject or email,subject. All of it, or nothing."""
    if file.stat().st_size > MAX_MEGABYTES * 1024 * 1024:
        raise click.ClickException(f"{file.name} is larger than {MAX_MEGABYTES} MB.")
    with started() as broker, _told():
        mine = broker.db.tenant(tenant_of(broker, tenant).id)
        with mine.reading() as session:
            begun = Moving(session, broker.vault, BY, broker.ports.clock.now()).get(from_key)
            issuer = issuer or known_issuer(session, begun)
        check = _checked(mine, begun, file, issuer)
        click.echo(f"{counted(len(check.wanted), 'account')} to be linked, {check.moved} have moved already.")
        if dry_run:
            click.echo("Nothing was written.")
            return
        if not yes:
            sure("Whoever arrives as one of these subjects enters with that account. Write it?")
        write_map(mine, begun, check, broker.ports.clock.now(), BY)
    click.echo("Written. Rows of an earlier file that nobody has used are gone.")


@move.command()
@tenant_argument
@from_argument
@click.option("--all", "tells_all", is_flag=True, help=f"Name all who are missing, and not the first {MISSING_TOLD} only.")
def progress(tenant: str, from_key: str, tells_all: bool) -> None:
    """Say how many have moved, and who has not."""
    with _movers(tenant, from_key) as (begun, movers):
        moved = missing = 0
        for mover in movers:
            if mover.match is Match.MOVED:
                moved += 1
                continue
            missing += 1
            if tells_all or missing <= MISSING_TOLD:
                click.echo(f"missing {mover.email}: {_missing(mover)}")
    if missing > MISSING_TOLD and not tells_all:
        click.echo(f"… and {missing - MISSING_TOLD} more.")
    click.echo(f"{moved} of {counted(moved + missing, 'account')} moved. {_date_text(begun)}")


@move.command("cut-over")
@tenant_argument
@from_argument
@yes_option
def cut_over(tenant: str, from_key: str, yes: bool) -> None:
    """Switch FROM off now, and send its domains to the new connection. `broker move undo` takes it back."""
    with _movers(tenant, from_key) as (_, movers):
        missing = sum(1 for mover in movers if mover.match is not Match.MOVED)
    if not yes:
        sure(f"Not moved yet: {counted(missing, 'account')}. Switch {from_key} off?")
    with _desk(tenant) as desk:
        begun = desk.moving.get(from_key)
        domains = desk.moving.cut_over(begun)
        is_of_file = any(end.is_file_managed for end in desk.moving.ends(begun))
    click.echo(f"{from_key} is off. {_domains_text(domains)}")
    if is_of_file:
        click.echo("Say the same in the tenants file (docs/moving.md): `broker apply` refuses it until then.", err=True)


@move.command()
@tenant_argument
@from_argument
def undo(tenant: str, from_key: str) -> None:
    """End the move: FROM is as it was, and has its domains back. Who has been linked stays so, and enters by both."""
    with _desk(tenant) as desk:
        domains = desk.moving.undo(desk.moving.get(from_key))
    click.echo(f"{from_key} is as it was before the move. {_domains_text(domains)}")


@move.command()
@tenant_argument
@from_argument
@yes_option
def finish(tenant: str, from_key: str, yes: bool) -> None:
    """End a move that was cut over. Groups and roles that FROM gave end with it, and so does the map."""
    if not yes:
        sure(f"Groups and roles that {from_key} gave end, and the move can't be undone any more. Go on?")
    with _desk(tenant) as desk:
        desk.moving.finish(desk.moving.get(from_key))
    click.echo("The move is over. Links to the old provider stay, and open nothing while its connection is off.")


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except MoveError as error:
        raise click.ClickException(str(error)) from None


@contextmanager
def _desk(slug: str) -> Iterator[Desk]:
    """A write transaction of the tenant."""
    with started() as broker, _told():
        mine = broker.db.tenant(tenant_of(broker, slug).id)
        with mine.writing() as session:
            moving = Moving(session, broker.vault, BY, broker.ports.clock.now())
            yield Desk(broker, session, moving, mine, slug)


@contextmanager
def _movers(slug: str, from_key: str) -> Iterator[tuple[Move, Iterator[Mover]]]:
    """The move, and everybody with a way by the old connection, read on the go."""
    with started() as broker, _told():
        tenant = broker.snapshots.find_by_slug(slug)
        if tenant is None:
            raise click.ClickException("There is no such tenant.")
        mine = broker.db.tenant(tenant.id)
        with mine.reading() as session:
            moving = Moving(session, broker.vault, BY, broker.ports.clock.now())
            begun = moving.get(from_key)
            keys = frozenset(end.key for end in moving.ends(begun))
        yield begun, Report(begun, keys, tenant.domains).movers(mine)


def _checked(mine: TenantDatabase, begun: Move, file: Path, issuer: str | None) -> MapCheck:
    check = MapCheck()
    try:
        with file.open(encoding="utf-8-sig", newline="") as lines:
            check_map(mine, begun, read_map(lines, issuer, check), check)
    except UnicodeDecodeError:
        raise click.ClickException(f"{file.name} is not text in UTF-8.") from None
    if check.fault_count:
        more = check.fault_count - len(check.faults)
        told = "\n".join([*check.faults, *([f"… and {more} more"] if more else [])])
        raise click.ClickException(f"{file.name} can't be used, and nothing was written:\n{told}")
    return check


def _night_to(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def _date_text(begun: Move) -> str:
    if begun.cut_at:
        return f"Cut over {time_text(begun.cut_at)}."
    return f"Cut over in the night to {begun.cut_over_at:%Y-%m-%d}." if begun.cut_over_at else "No date is set."


def _domains_text(domains: tuple[str, ...]) -> str:
    return f"Sent with it: {', '.join(domains)}." if domains else "No domain was sent with it."


def _missing(mover: Mover) -> str:
    parts = [mover.state, f"last sign-in {time_text(mover.last_login_at)}"]
    if mover.role:
        parts.append(mover.role)
    return ", ".join(parts)


def _cells(mover: Mover) -> tuple[str, ...]:
    """An address that a spreadsheet would take for a formula gets an apostrophe."""
    email = f"'{mover.email}" if mover.email.startswith(_FORMULA) else mover.email
    last = mover.last_login_at.isoformat() if mover.last_login_at else ""
    return (email, mover.match.value, mover.state, mover.role or "", last)
