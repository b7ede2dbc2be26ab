"""`broker audit`: is the audit log as the product wrote it? (docs/operating.md)"""

import re

import click

from broker.audit_chain import alarm
from broker.cli.asking import tenant_of
from broker.cli.start import started
from broker.wiring import Broker
from tenants.chains import Fault
from tenants.sealing import Log, head_of, mend, seal_batch, verify
from tenants.tenants import KEPT_TENANTS

_PLATFORM = "platform"


@click.group()
def audit() -> None:
    """Look after the audit log."""


@audit.command("verify")
@click.argument("tenant", required=False)
@click.option("--platform", "is_platform", is_flag=True, help="The operator's own log alone.")
@click.option("--head", metavar="NUMBER:SEAL", help="With one log: a number and its seal, as the process's log had them.")
def verify_logs(tenant: str | None, is_platform: bool, head: str | None) -> None:
    """Go through the whole chain of one log, or of all. Ends with 1 where an entry does not fit, and names the first."""
    if head and not (tenant or is_platform):
        raise click.ClickException("A head is one log's: name the tenant, or --platform.")
    noted = _head(head)
    with started() as broker:
        faults = [_verified(broker, name, tenant_id, noted) for name, tenant_id in _logs(broker, tenant, is_platform)]
    if any(faults):
        raise click.exceptions.Exit(1)


def _logs(broker: Broker, tenant: str | None, is_platform: bool) -> list[tuple[str, str | None]]:
    if is_platform:
        return [(_PLATFORM, None)]
    if tenant:
        home = tenant_of(broker, tenant)
        return [(home.slug, home.id)]
    return [(_PLATFORM, None), *((row.slug, row.id) for row in broker.db.look_up(KEPT_TENANTS))]


def _verified(broker: Broker, name: str, tenant_id: str | None, noted: tuple[int, str] | None) -> bool:
    """Print what was found of one log. Is there a fault?"""
    which, now, count = Log(broker.db, broker.vault, tenant_id), broker.ports.clock.now(), 0
    for found in verify(which, now, head=noted):
        if isinstance(found, Fault):
            alarm(broker, tenant_id, found, now, is_new=False)
            click.echo(f"bad   {name}: {found}")
            return True
        count += found
    mend(which)
    end = head_of(which)
    click.echo(f"ok    {name}: {count} entries{f', the last is {end[0]}:{end[1]}' if end else ''}")
    return False


@audit.command()
@click.argument("tenant", required=False)
def seal(tenant: str | None) -> None:
    """Seal what waits now, as the worker does every few seconds: before a master key is taken away."""
    with started() as broker:
        logs = _logs(broker, tenant, is_platform=False)
        count = sum(_sealed(Log(broker.db, broker.vault, tenant_id)) for _name, tenant_id in logs)
    click.echo(f"{count} entries sealed.")


def _sealed(which: Log) -> int:
    count = 0
    while done := seal_batch(which):
        count += done
    return count


def _head(text: str | None) -> tuple[int, str] | None:
    if text is None:
        return None
    if not re.fullmatch(r"[1-9][0-9]{0,17}:[0-9a-f]{64}", text):
        raise click.ClickException("A head is a number, a colon and 64 hexadecimal digits.")
    number, _colon, seal_text = text.partition(":")
    return int(number), seal_text
