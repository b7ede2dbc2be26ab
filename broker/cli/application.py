"""`broker application`: whom an application is for, person by person (docs/accounts.md), and SAML metadata."""

import click
from sqlalchemy import select

from broker.cli.application_metadata import import_sp_metadata, saml_presets
from broker.cli.asking import account_of, address_of, tenant_of
from broker.cli.start import started
from tenants.applications import Application
from tenants.assignments import assign as assign_person
from tenants.assignments import unassign as unassign_person
from tenants.db import TenantSession


@click.group()
def application() -> None:
    """Look after the applications of a tenant."""


application.add_command(import_sp_metadata)
application.add_command(saml_presets)


@application.command()
@click.argument("slug", metavar="TENANT")
@click.argument("key", metavar="APPLICATION")
@click.argument("email")
def assign(slug: str, key: str, email: str) -> None:
    """Let the account of EMAIL open APPLICATION, which is for those only who are named."""
    with started() as broker, broker.db.tenant(tenant_of(broker, slug).id).writing() as session:
        found, account = application_of(session, key), account_of(session, address_of(email))
        if not found.is_assigned_only:
            raise click.ClickException("It is open to everybody of the tenant; set assigned_only in its table first.")
        is_new = assign_person(session, found.id, account.id, at=broker.ports.clock.now(), by="command")
    click.echo(f"{account.email} may open {found.name}." if is_new else "It is so already.")


@application.command()
@click.argument("slug", metavar="TENANT")
@click.argument("key", metavar="APPLICATION")
@click.argument("email")
def unassign(slug: str, key: str, email: str) -> None:
    """Take back what `assign` gave. Groups and organizations that may open it still do."""
    with started() as broker, broker.db.tenant(tenant_of(broker, slug).id).writing() as session:
        found, account = application_of(session, key), account_of(session, address_of(email))
        was_named = unassign_person(session, found.id, account.id, at=broker.ports.clock.now(), by="command")
    click.echo(f"{account.email} is not named for {found.name} any more." if was_named else "The account was not named for it.")


def application_of(session: TenantSession, key: str) -> Application:
    """The application of this key."""
    found = session.scalars(select(Application).where(Application.key == key)).first()
    if found is None:
        raise click.ClickException("There is no such application in this tenant.")
    return found
