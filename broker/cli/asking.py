"""What several commands ask of their arguments, each with one line where it is not so."""

from datetime import datetime

import click
from sqlalchemy import Row, select

from broker.wiring import Broker
from tenants.accounts import Account
from tenants.addresses import Address, AddressError, normalise_address
from tenants.db import TenantSession
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


def sure(question: str) -> None:
    """Ask before something that can't be undone. Ends the command unless the answer is yes."""
    click.confirm(question, abort=True, err=True)


def account_of(session: TenantSession, address: Address) -> Account:
    """The account that has an address."""
    account = session.scalars(select(Account).where(Account.email_key == address.key)).first()
    if account is None:
        raise click.ClickException("There is no account with this address in this tenant.")
    return account


def counted(number: int, noun: str) -> str:
    """A number with its noun."""
    return f"{number} {noun}{'s' if number != 1 else ''}"


def time_text(moment: datetime | None) -> str:
    """A moment as the commands print it."""
    return f"{moment:%Y-%m-%d %H:%M} UTC" if moment else "never"
