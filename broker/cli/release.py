"""`broker release`: a tenant leaves its file, and its admins look after it in the console (docs/tenants-file.md)."""

import click

from broker.cli.asking import counted, sure, tenant_of
from broker.cli.start import started
from tenants.manifest.release import release as release_tenant


@click.command()
@click.argument("slug", metavar="TENANT")
@click.option("--yes", "is_sure", is_flag=True, help="Don't ask.")
def release(slug: str, is_sure: bool) -> None:
    """Hand TENANT over from its tenants file to the console. Nothing changes but who manages it.

    Take it out of the file as well: the next `broker apply` of a file that names it takes it back.
    """
    if not is_sure:
        sure(f"Hand {slug} over to its admins?")
    with started() as broker:
        tenant, now = tenant_of(broker, slug), broker.ports.clock.now()
        with broker.db.operating(tenant.id, f"hand tenant {slug} over to the console", now) as (platform, session):
            released = release_tenant(platform, session, tenant.id, now)
    click.echo(f"Handed over: {', '.join(counted(number, noun[:-1]) for noun, number in released.numbers.items())}.")
