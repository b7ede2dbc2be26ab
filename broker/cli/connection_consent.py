"""`broker connection consent`: asks a directory's admin for approval, and says which directories have come of it."""

import click
from sqlalchemy import select

from broker.cli.asking import tenant_of, time_text
from broker.cli.start import started
from broker.directories import let_go, let_in, new_link
from broker.upstream import KINDS
from broker.upstream.sharing import Consenting
from broker.wiring import Broker
from tenants.connections import Connection
from tenants.consents import DIRECTORIES_OF
from tenants.db import TenantSession

OPERATOR = "operator"


@click.command()
@click.argument("tenant")
@click.argument("key")
@click.option("--list", "is_list", is_flag=True, help="Say which directories are in, and which wait for a word.")
@click.option(
    "--accept", metavar="DIRECTORY", help="Let a directory in that waits; or, if a link did, for all domains of the connection."
)
@click.option("--forget", metavar="DIRECTORY", help="Let a directory in no longer that came in this way.")
def consent(tenant: str, key: str, is_list: bool, accept: str | None, forget: str | None) -> None:
    """Print a link for the admin of a directory, who approves signing in by the connection KEY of TENANT.

    It works for seven days, until a directory has come of it. A directory whose domain is proven to be the tenant's then is
    in; any other waits for --accept, which you give when you know by another way that it is theirs.
    """
    with started() as broker:
        slug = tenant_of(broker, tenant)
        with broker.db.tenant(slug.id).writing() as session:
            connection = _connection(session, key)
            if is_list:
                lines = _listed(session, connection)
            elif accept:
                lines = _accepted(broker, session, connection, accept.lower())
            elif forget:
                lines = _forgotten(broker, session, connection, forget.lower())
            else:
                base_url = broker.snapshots.base_url(slug.slug, slug.canonical_host)
                lines = [f"{base_url}/consent/{new_link(broker, session, connection, OPERATOR)}"]
    for line in lines:
        click.echo(line)


def _connection(session: TenantSession, key: str) -> Connection:
    connection = session.scalars(select(Connection).where(Connection.key == key)).first()
    if connection is None:
        raise click.ClickException("There is no such connection in this tenant.")
    if not isinstance(KINDS.get(connection.kind), Consenting):
        raise click.ClickException("Its kind knows no consent of a directory's admin.")
    return connection


def _listed(session: TenantSession, connection: Connection) -> list[str]:
    rows = session.all(DIRECTORIES_OF, connection=connection.id)
    lines = [
        f"{'in   ' if row.bound_at else 'waits'} {row.directory} {row.domain or ''} {time_text(row.bound_at or row.proven_at)}"
        for row in rows
    ]
    return lines or ["No directory has come by consent."]


def _accepted(broker: Broker, session: TenantSession, connection: Connection, directory: str) -> list[str]:
    domain = let_in(broker, session, connection, directory, OPERATOR, OPERATOR)
    if domain is None:
        raise click.ClickException("Nobody of this directory has signed in for an approval lately; see --list.")
    return [f"{directory} ({domain or 'no domain known'}) may sign in now."]


def _forgotten(broker: Broker, session: TenantSession, connection: Connection, directory: str) -> list[str]:
    people = let_go(broker, session, connection, directory, OPERATOR)
    if people is None:
        raise click.ClickException("This directory has not come in by consent; see --list.")
    if people < 0:
        return [f"{directory} is named by the connection itself, and goes on until it is taken out there."]
    return [f"{directory} may sign in no longer. People who had, with their sessions, groups and roles by it: {people}."]
