"""`broker keys list`, `roll`, `use`, `retire`: a tenant's own keys for SAML, changed without anybody being locked out.

To change over: roll; wait until `list` says that each identity provider has fetched our metadata, or hand it the new
certificate; use; wait until what was encrypted for the old one has run out; retire.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256

import click
from sqlalchemy import select

from broker.cli.asking import sure, tenant_of, time_text
from broker.cli.start import started
from broker.own_keys import certificate_of_row
from broker.wiring import Broker
from tenants.connections import Connection
from tenants.db import TenantSession
from tenants.key_changes import KeyChangeError, publish, retire_other, saml_keys, use_other
from tenants.keys import KeyState, SigningKey
from tenants.saml_metadata import READINGS
from tenants.signing import SAML, SAML_IDP, new_key

_LOST = {
    False: "What identity providers still encrypt for it is not opened any more, for good. Go on?",
    True: "Applications that know no other certificate refuse what is signed from then on. Go on?",
}
_STATES = {KeyState.ACTIVE.value: "signs", KeyState.PUBLISHED.value: "is published"}


@click.command("list")
@click.argument("slug", metavar="TENANT")
def list_keys(slug: str) -> None:
    """Show the SAML keys of TENANT, and which connections' providers have fetched our metadata with each."""
    with started() as broker:
        tenant_id = tenant_of(broker, slug).id
        with broker.db.tenant(tenant_id).reading() as session:
            for key in saml_keys(session):
                for line in _lines(broker, session, key):
                    click.echo(line)
            for key in saml_keys(session, SAML_IDP):
                click.echo(f"{_line(broker, session, key)}, for applications")


@click.command()
@click.argument("slug", metavar="TENANT")
@click.option("--applications", is_flag=True, help="The key that signs for SAML applications.")
def roll(slug: str, applications: bool) -> None:
    """Publish a second SAML key for TENANT. It signs nothing yet."""
    with started() as broker:
        tenant_id = tenant_of(broker, slug).id
        made = new_key(_sort(applications))
        with _told(), broker.db.tenant(tenant_id).writing() as session:
            publish(session, broker.vault, made, broker.ports.clock.now())
    click.echo(f"{made.kid} stands in the metadata now, beside the key that signs.")
    others = ("Applications", "idp") if applications else ("Identity providers", "CONNECTION")
    click.echo(f"{others[0]} that don't read our metadata have to be given it: {{T}}/saml/{others[1]}/metadata.", err=True)


@click.command()
@click.argument("slug", metavar="TENANT")
@click.option("--applications", is_flag=True, help="The key that signs for SAML applications.")
@click.option("--yes", is_flag=True, help="Don't ask, even where a provider has not fetched the new key.")
def use(slug: str, applications: bool, yes: bool) -> None:
    """Let the other SAML key of TENANT sign from now on. The one that signed stays published."""
    with started() as broker:
        tenant_id = tenant_of(broker, slug).id
        with broker.db.tenant(tenant_id).reading() as session:
            unread = ["applications, whose reading is not noted"] if applications else _unread(session)
        if unread and not yes:
            sure(f"Not seen fetching it: {', '.join(unread)}. They may refuse what it signs. Go on?")
        with _told(), broker.db.tenant(tenant_id).writing() as session:
            kid = use_other(session, broker.ports.clock.now(), _sort(applications))
    click.echo(f"{kid} signs from now on.")


@click.command()
@click.argument("slug", metavar="TENANT")
@click.option("--applications", is_flag=True, help="The key that signs for SAML applications.")
@click.option("--yes", is_flag=True, help="Don't ask.")
def retire(slug: str, applications: bool, yes: bool) -> None:
    """Take the SAML key of TENANT that does not sign out of use."""
    with started() as broker:
        tenant_id = tenant_of(broker, slug).id
        if not yes:
            sure(_LOST[applications])
        with _told(), broker.db.tenant(tenant_id).writing() as session:
            kid = retire_other(session, broker.ports.clock.now(), _sort(applications))
    click.echo(f"{kid} is out of use.")


SIGNING_KEY_COMMANDS = (list_keys, roll, use, retire)


@contextmanager
def _told() -> Iterator[None]:
    """What can't be done ends in one line."""
    try:
        yield
    except KeyChangeError as error:
        raise click.ClickException(str(error)) from None


def _lines(broker: Broker, session: TenantSession, key: SigningKey) -> Iterator[str]:
    yield _line(broker, session, key)
    read = {row.connection_id: row for row in session.all(READINGS, key_id=key.id)}
    for connection in _connections(session):
        row = read.get(connection.id)
        if row is None:
            yield f"  {connection.key}: not fetched yet"
        else:
            agent = f", {row.user_agent}" if row.user_agent else ""
            yield f"  {connection.key}: fetched on {time_text(row.read_at)} from {row.address}{agent}"


def _line(broker: Broker, session: TenantSession, key: SigningKey) -> str:
    fingerprint = sha256(certificate_of_row(broker.vault, session.tenant_id, key)).hexdigest()
    return f"{key.id}  {_STATES[key.state]}, since {time_text(key.created_at)}; certificate {fingerprint}"


def _sort(applications: bool) -> str:
    return SAML_IDP if applications else SAML


def _unread(session: TenantSession) -> list[str]:
    """Connections that are on and whose provider was not seen fetching the key that would sign."""
    published = [key for key in saml_keys(session) if key.state == KeyState.PUBLISHED.value]
    read = {row.connection_id for key in published for row in session.all(READINGS, key_id=key.id)}
    return [connection.key for connection in _connections(session) if connection.is_enabled and connection.id not in read]


def _connections(session: TenantSession) -> list[Connection]:
    of_kind = select(Connection).where(Connection.kind == "saml").order_by(Connection.position, Connection.key)
    return list(session.scalars(of_kind))
