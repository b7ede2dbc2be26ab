"""What several commands ask of their arguments, each with one line where it is not so."""

import click
from sqlalchemy import Row

from broker.wiring import Broker
from tenants.addresses import Address, AddressError, normalise_address
from tenants.tenants import TENANT_BY_SLUG


def tenant_of(broker: Broker, slug: str) -> Row[tuple[str, str, str]]:
    """The tenant's row."""
    rows = broker.db.look_up(TENANT_BY_SLUG, slug=slug)
    if not rows:
        raise click.ClickException("There is no such tenant.")
    return rows[0]


def address_of(email: str) -> Address:
    """The canonical form of an address."""
    try:
        return normalise_address(email)
    except AddressError as error:
        raise click.ClickException(str(error)) from None
