"""`broker application import-sp-metadata` and `saml-presets`: applications that speak SAML."""

import sys
from pathlib import Path

import click

from broker.cli.asking import tenant_of
from broker.cli.start import started
from broker.saml_presets import PRESETS, preset_of
from broker.service_providers import ImportRefused, asked, import_sp
from tenants.manifest.values import checked_key


@click.command("import-sp-metadata")
@click.argument("slug", metavar="TENANT")
@click.argument("key", metavar="APPLICATION")
@click.option("--url", help="Read it there, and again every four hours.")
@click.option("--file", "file", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Read it from a file.")
@click.option("--name", help="What people know the application by; what the metadata says, unless given.")
def import_sp_metadata(slug: str, key: str, url: str | None, file: Path | None, name: str | None) -> None:
    """Make APPLICATION from the SAML metadata of its service provider, or bring it up to date; pasted, unless --url or
    --file says where it is."""
    if url and file:
        raise click.UsageError("Give --url or --file, not both.")
    try:
        checked_key(key)
    except ValueError as error:
        raise click.ClickException(f"APPLICATION: {error}") from None
    with started() as broker:
        tenant_id = tenant_of(broker, slug).id
        try:
            document = asked(broker, url) if url else file.read_text("utf-8") if file else sys.stdin.read()
            read, is_new = import_sp(broker, tenant_id, key, document, name=name, url=url, by="command")
        except (ImportRefused, UnicodeDecodeError) as error:
            raise click.ClickException(str(error)) from None
    config = read.config
    click.echo(f"{key} {'is new' if is_new else 'is up to date'}: {config.entity_id}")
    click.echo(f"  Answers go to {', '.join(one.url for one in config.acs)}.")
    click.echo(f"  {len(config.certificates)} certificate(s) for signing; encrypted: {_yes(config.encryption_certificate)}.")
    for note in read.notes:
        click.echo(f"  Note: {note}")
    click.echo("It has to know the metadata of this tenant: {T}/saml/idp/metadata.", err=True)


def _yes(value: object) -> str:
    return "yes" if value else "no"


@click.command("saml-presets")
@click.argument("key", metavar="PRESET", required=False)
def saml_presets(key: str | None) -> None:
    """List well-known SAML applications, or print the table of a tenants file for one."""
    if key is None:
        for one in PRESETS:
            click.echo(f"{one.key:12}{one.label}")
        return
    found = preset_of(key)
    if found is None:
        raise click.ClickException(f"There is no such preset. There are: {', '.join(one.key for one in PRESETS)}.")
    click.echo(found.table())
    click.echo(f"Fill in: {', '.join(found.values.values())}. {found.note}", err=True)
