"""`broker keys`: the master keys that seal stored secrets.

To rotate: put a new key first in BROKER_MASTER_KEYS, restart, `broker keys reseal`, take the old one out, restart.
"""

import click

from broker.cli.start import started
from tenants.ids import digest, new_secret
from tenants.resealing import reseal as reseal_all


@click.group()
def keys() -> None:
    """Make and change the master keys."""


@keys.command()
def new() -> None:
    """Print a new key as BROKER_MASTER_KEYS takes it. It is stored nowhere: keep it safe, and out of backups."""
    key = f"{new_secret()}="
    click.echo(f"{digest(key)[:8]}:{key}")


@keys.command()
def reseal() -> None:
    """Seal everything stored with the first of BROKER_MASTER_KEYS. Can be run beside the product, and again."""
    with started() as broker:
        done = reseal_all(broker.db, broker.vault)
    click.echo(f"{done.count} value{'s' if done.count != 1 else ''} sealed anew.")
    for place in done.lost:
        click.echo(f"No key opens {place}", err=True)
    if done.lost:
        raise click.exceptions.Exit(1)
