"""`broker application preview`: what an application would be told about a person (docs/applications.md)."""

import json
from typing import Any

import click
from flask import Flask, g

from broker.cli.asking import account_of, address_of, tenant_of
from broker.cli.start import started
from broker.downstream.oidc.preview import preview as preview_of
from tenants.snapshot import TenantConfig


@click.command()
@click.argument("slug", metavar="TENANT")
@click.argument("key", metavar="APPLICATION")
@click.argument("email")
@click.option("--scope", default="", help="As the application asks for it; all that it may ask for, unless given.")
def preview(slug: str, key: str, email: str, scope: str) -> None:
    """Show what APPLICATION is told about the account of EMAIL. Nothing of it is signed."""
    with started() as broker, Flask("preview").app_context():
        tenant = broker.snapshots.find_by_id(tenant_of(broker, slug).id)
        application = _application_of(tenant, key)
        g.tenant = tenant
        with broker.db.tenant(g.tenant.id).reading() as session:
            account = account_of(session, address_of(email))
            shown = preview_of(session, application, account.id, scope.split(), broker.ports.clock.now())
    if shown is None:
        raise click.ClickException("There is no such account in this tenant.")
    click.echo(f"Scope: {' '.join(shown.scope)}")
    for words, claims in (
        ("ID token", shown.id_token),
        ("UserInfo", shown.userinfo),
        ("Access token", shown.access_token),
    ):
        click.echo(f"\n{words}\n{json.dumps(claims, indent=2, ensure_ascii=False)}")


def _application_of(tenant: TenantConfig | None, key: str) -> Any:
    found = next((one for one in tenant.applications.values() if one.key == key), None) if tenant else None
    if found is None:
        raise click.ClickException("There is no such OpenID Connect application in this tenant.")
    return found
