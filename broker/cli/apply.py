"""`broker apply FILE.toml`: tenants as a file (docs/tenants-file.md)."""

import os
from dataclasses import replace
from pathlib import Path

import click

from broker.cli.asking import counted, sure
from broker.cli.start import started
from broker.surroundings import surroundings
from tenants.manifest.applying import Apply
from tenants.manifest.changes import TenantPlan, Workshop
from tenants.manifest.faults import ManifestError
from tenants.manifest.reading import read_manifest
from tenants.manifest.sources import Sources


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--dry-run", is_flag=True, help="Say what would change, and change nothing.")
@click.option("--prune", is_flag=True, help="Also remove what the file named before and names no longer.")
@click.option(
    "--confirm-delete-credentials",
    "confirmed",
    type=click.IntRange(min=0),
    metavar="N",
    help="Where local sign-in is switched off: don't ask, provided that N accounts lose their local credentials.",
)
@click.option("--yes", is_flag=True, help="Don't ask before local credentials are deleted, however many they are.")
def apply(file: Path, dry_run: bool, prune: bool, confirmed: int | None, yes: bool) -> None:
    """Make the tenants as FILE says. A second time, there is nothing to change."""
    with started() as broker:
        run = Apply(
            db=broker.db,
            workshop=Workshop(broker.vault, broker.hasher.hash),
            now=broker.ports.clock.now(),
            prune=prune,
        )
        try:
            manifest = read_manifest(_text(file), surroundings(broker), Sources(file.parent, os.environ))
            plans = run.plan(manifest)
            if not dry_run:
                number = _confirmed(plans, yes) if confirmed is None else confirmed
                plans = replace(run, confirmed_credentials=number).run(manifest)
        except ManifestError as error:
            raise click.ClickException(f"{file.name} can't be applied:\n{error}") from None
    for line in report(plans, dry_run=dry_run):
        click.echo(line)


def _confirmed(plans: tuple[TenantPlan, ...], yes: bool) -> int:
    """How many accounts lose their local credentials, with the operator's consent. Ends the command without it."""
    lost = sum(plan.lost_credentials for plan in plans)
    if lost and not yes:
        for change in (change for plan in plans for change in plan.changes if change.note):
            click.echo(str(change), err=True)
        sure(f"This deletes the local credentials of {counted(lost, 'account')} and can't be undone. Go on?")
    return lost


def report(plans: tuple[TenantPlan, ...], *, dry_run: bool) -> list[str]:
    """What happened, or would: a line for each change, then what was left, then the sum."""
    lines = [str(change) for plan in plans for change in plan.changes]
    count = len(lines)
    leftovers = [path for plan in plans for path in plan.leftovers]
    lines += [f"kept {path}: not in the file any more; --prune removes it" for path in leftovers]
    lines += [f"deviates tenants.{plan.slug}.policy: {reason.sentence}" for plan in plans for reason in plan.deviations]
    lost = sum(plan.lost_credentials for plan in plans)
    if dry_run and lost:
        lines.append(f"Applying this asks first, unless you add --confirm-delete-credentials {lost} or --yes.")
    if not count:
        return [*lines, "Nothing to change."]
    changes = f"{count} change{'s' if count != 1 else ''}"
    return [*lines, f"{changes} to make; nothing was written." if dry_run else f"{changes} made."]


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise click.ClickException(f"{file.name} is not text in UTF-8.") from None
