"""`broker invite`: mails a one-time link with which somebody sets a password and an authenticator app."""

import click

from broker.cli.asking import address_of, tenant_of
from broker.cli.start import started
from tenants.invitations import Invitee, NotInvited
from tenants.invitations import invite as invite_account
from tenants.outbox import add_mail


@click.command()
@click.argument("email")
@click.option("--tenant", "slug", required=True, help="Slug of the tenant.")
@click.option("--name", default="", help="Full name of a new account.")
@click.option("--organization", default="", metavar="KEY", help="Organization of a new account.")
@click.option("--group", "groups", multiple=True, help="Group of a new account; may be repeated.")
@click.option("--role", type=click.Choice(["owner", "admin", "helpdesk", "auditor"]), help="Role of a new account.")
@click.option("--no-mail", is_flag=True, help="Print the link instead of mailing it.")
def invite(
    email: str, slug: str, name: str, organization: str, groups: tuple[str, ...], role: str | None, no_mail: bool
) -> None:
    """Mail a link to EMAIL, whose account is made where there is none. An older link ends with it.

    Without a mail server, or with --no-mail, the link is printed.
    """
    invitee = Invitee(address_of(email), _line(name), organization, tuple(map(_line, groups)), role)
    with started() as broker:
        tenant = tenant_of(broker, slug)
        try:
            with broker.db.tenant(tenant.id).writing() as session:
                now = broker.ports.clock.now()
                token, expires_at = invite_account(session, invitee, now)
                is_mailed = broker.ports.mailer is not None and not no_mail
                if is_mailed:
                    facts = {"token": token, "expires_at": expires_at.isoformat()}
                    add_mail(session, broker.vault, invitee.address.text, "invitation", facts, now)
        except NotInvited as error:
            raise click.ClickException(str(error)) from None
        base_url = broker.snapshots.base_url(tenant.slug, tenant.canonical_host)
    if is_mailed:
        click.echo("The invitation is on its way.")
    else:
        click.echo(f"{base_url}/activate/{token}")
    click.echo(f"For {invitee.address.text}, once, until {expires_at:%Y-%m-%d %H:%M} UTC.", err=True)


def _line(text: str) -> str:
    """One line of plain text: it will stand in mails and pages (security.md, IR-10)."""
    if not text.isprintable() or len(text) > 200:
        raise click.ClickException("Names and groups are one line of at most 200 characters.")
    return text.strip()
