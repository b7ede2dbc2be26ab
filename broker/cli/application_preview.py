"""`broker application preview`: what an application would be told about a person (docs/applications.md)."""

import json
from collections.abc import Sequence
from typing import Any

import click
from flask import Flask, g

from broker.cli.asking import account_of, address_of, tenant_of
from broker.cli.start import started
from broker.downstream.oidc.preview import Preview
from broker.downstream.oidc.preview import preview as preview_of
from broker.downstream.saml.preview import preview as preview_by_saml
from tenants.application_config import ApplicationConfig
from tenants.db import TenantSession
from tenants.saml_applications import SamlApplicationConfig
from tenants.snapshot import TenantConfig

Shown = Sequence[tuple[str, Any]]
"""Places with what is told there."""


@click.command()
@click.argument("slug", metavar="TENANT")
@click.argument("key", metavar="APPLICATION")
@click.argument("email")
@click.option("--scope", default="", help="As the application asks for it; all that it may ask for, unless given.")
def preview(slug: str, key: str, email: str, scope: str) -> None:
    """Show what APPLICATION is told about the account of EMAIL. Nothing of it is signed."""
    with started() as broker, Flask("preview").app_context():
        tenant = broker.snapshots.find_by_id(tenant_of(broker, slug).id)
        tenant, application = _application_of(tenant, key)
        g.tenant, g.db = tenant, broker.db.tenant(tenant.id)
        with g.db.reading() as session:
            account = account_of(session, address_of(email))
            if application.saml is not None:
                shown = _by_saml(session, application.saml, account.id)
            else:
                shown = _by_oidc(preview_of(session, application, account.id, scope.split(), broker.ports.clock.now()))
    for words, claims in shown:
        click.echo(
            f"{words}: {claims}"
            if isinstance(claims, str)
            else f"\n{words}\n{json.dumps(claims, indent=2, ensure_ascii=False)}"
        )


def _by_oidc(told: Preview | None) -> Shown:
    if told is None:
        raise click.ClickException("There is no such account in this tenant.")
    places = (("ID token", told.id_token), ("UserInfo", told.userinfo), ("Access token", told.access_token))
    return [("Scope", " ".join(told.scope)), *places]


def _by_saml(session: TenantSession, saml: SamlApplicationConfig, account_id: str) -> Shown:
    told = preview_by_saml(session, saml, account_id)
    if told is None:
        raise click.ClickException("There is no such account in this tenant.")
    name = told.name or "none: the person is refused, as nobody has proven the address"
    left_out = [("Left out, as nobody has proven the address", " ".join(told.kept_back))] if told.kept_back else []
    return [("Name", name), ("Attributes", told.attributes), *left_out]


def _application_of(tenant: TenantConfig | None, key: str) -> tuple[TenantConfig, ApplicationConfig]:
    found = next((one for one in tenant.all_applications if one.key == key), None) if tenant else None
    if tenant is None or found is None:
        raise click.ClickException("There is no such application in this tenant.")
    return tenant, found
