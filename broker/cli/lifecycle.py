"""`broker lifecycle`: what the nightly job does about accounts, now."""

from collections.abc import Iterator

import click
import structlog

from broker.cli.asking import counted, tenant_of
from broker.cli.start import started
from broker.wiring import Broker
from tenants.nightly import Outcome, Round, rounds

log = structlog.get_logger()


@click.command()
@click.option("--tenant", "slug", default="", help="Slug of one tenant; all of them, unless given.")
@click.option("--dry-run", is_flag=True, help="Say what would be done, and do nothing.")
def lifecycle(slug: str, dry_run: bool) -> None:
    """Deactivate, switch off and expire accounts whose time is over, and warn those whose time comes.

    The background work does the same once a night. A second time, there is nothing to do. Ends with 1 where it failed
    for some tenant.
    """
    found = {"warned": 0, "kept": 0, "ended": 0}
    failed = False
    with started() as broker:
        for tenant, round_ in _chosen(broker, slug, dry_run):
            try:
                for outcome in (one for batch in round_.batches() for one in batch):
                    found[outcome.what if outcome.what in found else "ended"] += 1
                    click.echo(_line(tenant, outcome))
            except Exception as error:
                # The accounts of the others have a right to their night.
                failed = True
                log.warning("lifecycle_failed", tenant=tenant, exc_info=error)
                click.echo(f"{tenant}: failed with {type(error).__name__}; the others went on.", err=True)
    click.echo(_sum(found["ended"], found["warned"], dry_run))
    if failed:
        raise click.exceptions.Exit(1)


def _chosen(broker: Broker, slug: str, is_dry: bool) -> Iterator[tuple[str, Round]]:
    now = broker.ports.clock.now()
    if slug:
        tenant = tenant_of(broker, slug)
        yield tenant.slug, Round(broker.db, broker.vault, tenant.id, now, is_dry)
    else:
        yield from rounds(broker.db, broker.vault, now, is_dry=is_dry)


def _line(tenant: str, outcome: Outcome) -> str:
    return f"{tenant} {outcome.email}: {outcome.what}. {outcome.sentence}"


def _sum(ended: int, warned: int, is_dry: bool) -> str:
    if not ended and not warned:
        return "Nothing to do."
    if is_dry:
        return f"{counted(ended, 'account')} to end, {counted(warned, 'account')} to warn; nothing was written."
    return f"{counted(ended, 'account')} ended, {counted(warned, 'account')} warned."
