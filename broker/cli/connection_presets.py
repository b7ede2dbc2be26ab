"""`broker connection presets`: what is known of products, with the values to copy from one side to the other (T3)."""

import click

from broker.cli.start import started
from broker.upstream import KINDS
from broker.upstream.preset_guide import guide, overview
from broker.upstream.presets import PRESETS
from broker.wiring import Broker
from tenants.connections import RESERVED_KEYS


@click.command()
@click.argument("name", required=False, type=click.Choice(sorted(PRESETS)))
@click.option("--tenant", "slug", default="", help="Slug of the tenant, for its very redirect URI.")
@click.option("--key", default="sso", show_default=True, help="Key of the connection, there or to be.")
def presets(name: str | None, slug: str, key: str) -> None:
    """List the products that are known; with NAME, what to enter there and what to write here."""
    if key in RESERVED_KEYS:
        raise click.ClickException(f"--key: {key} is reserved.")
    if name is None:
        lines = overview()
    elif slug:
        with started() as broker:
            lines = guide(name, key, _redirect_uri(broker, slug, key))
    else:
        lines = guide(name, key, None)
    for line in lines:
        click.echo(line)


def _redirect_uri(broker: Broker, slug: str, key: str) -> str:
    tenant = broker.snapshots.find_by_slug(slug)
    if tenant is None:
        raise click.ClickException("There is no such tenant.")
    return f"{tenant.base_url}{KINDS['oidc'].returning.path.format(key=key)}"
