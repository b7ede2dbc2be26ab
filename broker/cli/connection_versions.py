"""`broker connection list`, `show`, `versions`, `compare`, `activate`, `roll-back`, `switch`, `draft`: what counts when."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from sqlalchemy import select

from broker.cli.asking import counted, tenant_of, time_text
from broker.cli.start import started
from broker.surroundings import surroundings
from broker.wiring import Broker
from tenants.audit import printable
from tenants.connection_versions import ConnectionVersion, Values, VersionState, differences
from tenants.connections import Connection
from tenants.manifest.drafting import check_key, draft_of, read_draft
from tenants.manifest.faults import ManifestError
from tenants.manifest.sources import Sources
from tenants.upstream_sessions import end_sessions_of_connection
from tenants.version_keeping import Keeping, VersionError

OPERATOR = "operator"
tenant_argument = click.argument("tenant")
key_argument = click.argument("key", metavar="CONNECTION")
number_argument = click.argument("number", type=click.IntRange(1), metavar="VERSION")
number_option = click.option("--version", "number", type=click.IntRange(1), metavar="N", help="Another than the newest.")


@click.command("list")
@tenant_argument
def list_(tenant: str) -> None:
    """List the connections of TENANT: which version is in force, and what waits."""
    with keeping(tenant) as (_broker, work):
        rows = work.session.scalars(select(Connection).order_by(Connection.position, Connection.key)).all()
        for row in rows:
            waiting = [one.number for one in work.versions(row) if one.number > row.version]
            drafts = f"; waiting: {', '.join(map(str, sorted(waiting)))}" if waiting else ""
            in_force = f"version {row.version}" if row.version else "no version in force"
            click.echo(f"{row.key} ({row.kind}, {row.label}): {'on' if row.is_enabled else 'off'}, {in_force}{drafts}")
    if not rows:
        click.echo("No connection is set up.")


@click.command()
@tenant_argument
@key_argument
@number_option
def show(tenant: str, key: str, number: int | None) -> None:
    """Print the values in force, or of another version. Secrets are named, never shown."""
    with keeping(tenant) as (_broker, work):
        row = work.locked(key)
        values = work.values(work.version(row, number)) if number else work.present_values(row)
    for line in differences(Values({}), values):
        click.echo(f"{line.name}: {'(secret)' if line.is_secret else printable(line.after)}")


@click.command()
@tenant_argument
@key_argument
def versions(tenant: str, key: str) -> None:
    """List the versions, the newest first."""
    with keeping(tenant) as (_broker, work):
        found = work.versions(work.locked(key))
    for one in found:
        click.echo(_line(one))


@click.command()
@tenant_argument
@key_argument
@number_argument
@click.argument("other", type=click.IntRange(1), required=False, metavar="[OTHER]")
def compare(tenant: str, key: str, number: int, other: int | None) -> None:
    """Say field by field what changes from VERSION to OTHER; without OTHER, from the one in force to VERSION."""
    with keeping(tenant) as (_broker, work):
        row = work.locked(key)
        named = work.values(work.version(row, number))
        pair = (named, work.values(work.version(row, other))) if other else (work.present_values(row), named)
        found = differences(*pair)
    for line in found:
        click.echo(printable(str(line)))
    if not found:
        click.echo("They are the same.")


@click.command()
@tenant_argument
@key_argument
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--from", "number", type=click.IntRange(1), metavar="N", help="Start from version N, not from the one in force.")
@click.option("--without", "unset", multiple=True, metavar="OPTION", help="An option of its kind to leave out from now on.")
@click.option("--note", default="", help="A word on why, for the list of versions.")
def draft(tenant: str, key: str, file: Path, number: int | None, unset: tuple[str, ...], note: str) -> None:
    """Save a version for later: FILE has fields of a connection as the tenants file has them, and replaces just those.

    Where there is no such connection, it is made, switched off; FILE then needs `kind` and `label`.
    """
    with keeping(tenant) as (broker, work):
        try:
            made = _draft(broker, work, key, file, number, unset, note[:200])
        except ManifestError as error:
            raise click.ClickException(f"{file.name} is no draft:\n{error}") from None
    click.echo(f"Saved as version {made.number}. Nobody signs in by it yet: `broker connection test {tenant} {key}`.")


@click.command()
@tenant_argument
@key_argument
@number_argument
@click.option("--untested", is_flag=True, help="Though no test sign-in with it has worked.")
def activate(tenant: str, key: str, number: int, untested: bool) -> None:
    """Put VERSION in force. Who is at the provider just now has to start again."""
    with keeping(tenant) as (_broker, work):
        row = work.locked(key)
        found = work.activate(row, number, untested=untested)
        is_on, is_of_file = row.is_enabled, row.is_file_managed
    for line in found:
        click.echo(printable(str(line)))
    click.echo(f"Version {number} is in force.")
    if not is_on:
        click.echo(f"The connection is off: `broker connection switch {tenant} {key} on`.", err=True)
    _warn_of_file(is_of_file)


@click.command("roll-back")
@tenant_argument
@key_argument
@number_argument
def roll_back(tenant: str, key: str, number: int) -> None:
    """Bring the values of VERSION back, which was in force before: as a new version, at once."""
    with keeping(tenant) as (_broker, work):
        row = work.locked(key)
        made, is_of_file = work.roll_back(row, number), row.is_file_managed
    click.echo(f"Version {made.number} is in force, with the values of {number}.")
    _warn_of_file(is_of_file)


@click.command()
@tenant_argument
@key_argument
@click.argument("state", type=click.Choice(["on", "off"]))
@click.option("--keep-sessions", is_flag=True, help="Let those who came by it stay, without new tokens for applications.")
def switch(tenant: str, key: str, state: str, keep_sessions: bool) -> None:
    """Switch a connection on or off, at once. Off ends the sessions of who came by it, and refuses who is on the way."""
    if keep_sessions and state == "on":
        raise click.ClickException("--keep-sessions goes with off.")
    with keeping(tenant) as (_broker, work):
        row = work.locked(key)
        has_changed, is_of_file = work.switch(row, on=state == "on"), row.is_file_managed
        ends = state == "off" and not keep_sessions
        ended = end_sessions_of_connection(work.session, row.id, key, OPERATOR, work.now) if ends else None
    click.echo(f"{key} is {state}." if has_changed else f"{key} was {state} already.")
    if ended is not None:
        click.echo(f"{counted(ended, 'session')} of people who came by it ended. --keep-sessions leaves them.")
    elif keep_sessions:
        click.echo("Sessions of people who came by it go on; applications get no new tokens for them.")
    _warn_of_file(is_of_file and has_changed)


VERSION_COMMANDS = (list_, show, versions, compare, draft, activate, roll_back, switch)


@contextmanager
def keeping(slug: str) -> Iterator[tuple[Broker, Keeping]]:
    """Work on the versions of one tenant's connections, in one transaction."""
    with started() as broker:
        tenant = tenant_of(broker, slug)
        try:
            with broker.db.tenant(tenant.id).writing() as session:
                yield broker, Keeping(session, broker.vault, OPERATOR, broker.ports.clock.now())
        except VersionError as error:
            raise click.ClickException(str(error)) from None


def _draft(
    broker: Broker, work: Keeping, key: str, file: Path, number: int | None, unset: tuple[str, ...], note: str
) -> ConnectionVersion:
    table = read_draft(_text(file))
    around = (surroundings(broker), Sources(file.parent, os.environ))
    if work.session.scalars(select(Connection.id).where(Connection.key == key)).first() is None:
        check_key(key)
        kind = str(table.get("kind", ""))
        return work.add_connection(key, kind, draft_of(table, kind, None, *around), note)
    row = work.locked(key)
    base = work.values(work.version(row, number)) if number else work.present_values(row)
    return work.save_draft(row, draft_of(table, row.kind, base, *around, unset), note)


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise click.ClickException(f"{file.name} is not text in UTF-8.") from None


def _line(one: ConnectionVersion) -> str:
    tested = f", tested {time_text(one.tested_at)}" if one.tested_at else ""
    since = f", in force since {time_text(one.activated_at)}" if one.state == VersionState.ACTIVE else ""
    note = f": {printable(one.note)}" if one.note else ""
    return (
        f"{one.number}  {one.state}, made {time_text(one.created_at)} by {one.made_by or 'nobody known'}{tested}{since}{note}"
    )


def _warn_of_file(is_of_file: bool) -> None:
    if is_of_file:
        click.echo("The connection stands in a tenants file: the next `broker apply` makes it as the file says.", err=True)
