"""`broker operator`: links for those who run the installation (docs/operating.md)."""

import click

from broker.cli.asking import address_of
from broker.cli.start import started
from broker.operator_link import first_link, operator_link
from broker.wiring import Broker
from tenants.operators import LINK_LIFE, By, OperatorError, invite_operator


@click.group()
def operator() -> None:
    """Who may use the operator console."""


@operator.command()
@click.argument("email", required=False)
def invite(email: str | None) -> None:
    """Print a link with which somebody sets up their operator account, or a new password and app after a lost phone.

    Without EMAIL: the very first one, who says at the set-up who they are.
    """
    with started() as broker:
        link = _for(broker, email) if email else first_link(broker)
    if link is None:
        raise click.ClickException("There is an operator already: name the address of whom you invite.")
    click.echo(link)
    click.echo(f"Once, for {LINK_LIFE.total_seconds() / 3600:.0f} hours.", err=True)


def _for(broker: Broker, email: str) -> str:
    try:
        with broker.db.own_tables() as own:
            token = invite_operator(own, address_of(email), broker.ports.clock.now(), By())
    except OperatorError as error:
        raise click.ClickException(str(error)) from None
    return operator_link(broker.settings, token)
