"""`broker mail`: does it work, what was not delivered, and once more."""

from collections.abc import Iterator
from contextlib import contextmanager

import click
from flask import Flask

from broker import create_app
from broker.cli.asking import address_of, tenant_of, time_text
from broker.cli.start import started
from broker.mail.letter import letter_to
from broker.mail.letters import made
from broker.ports import MailFault, OutgoingMail
from broker.wiring import Broker
from tenants.ids import new_id
from tenants.undelivered import AT_MOST, Undelivered, retry, undelivered


@click.group()
def mail() -> None:
    """Mail to people: whether it works, what was not delivered, and once more."""


@mail.command()
@click.argument("tenant")
@click.argument("address")
def test(tenant: str, address: str) -> None:
    """Send a mail of TENANT to ADDRESS now, past the queue, and say what the mail server said."""
    to_address = address_of(address).text
    with _app() as (app, broker):
        row, now = tenant_of(broker, tenant), broker.ports.clock.now()
        config = broker.snapshots.find_by_slug(row.slug)
        mailer = broker.ports.mailer
        if mailer is None or config is None:
            raise click.ClickException("No mail server is set up: BROKER_SMTP_HOST is not set.")
        with app.app_context():
            letter = letter_to(broker, config, to_address, "test", {"note": "Sent by broker mail test."}, now)
            content = made(letter)
        if content is None:
            raise click.ClickException("There is nothing to send.")
        outgoing = OutgoingMail(new_id("mai"), to_address, content.subject, content.text, content.html, content.pictures)
        try:
            mailer.send(outgoing, now)
        except MailFault as fault:
            raise click.ClickException(f"It was not sent: {fault}") from None
    click.echo(f"The mail server has taken it, for {to_address}.")


@mail.command("list")
@click.option("--failed", is_flag=True, help="Those alone that are not tried again.")
def list_(failed: bool) -> None:
    """Say which mails nobody has got: since when, to whom, which message, and why. Never what they say."""
    with started() as broker:
        found = undelivered(broker.db, broker.ports.clock.now(), is_given_up=failed)
    for one in found:
        click.echo(_line(one))
    if not found:
        click.echo("Every mail was delivered." if not failed else "No mail was given up.", err=True)
    elif len(found) == AT_MOST:
        click.echo(f"These are the newest {AT_MOST}.", err=True)


@mail.command("retry")
@click.argument("mail_id", metavar="ID")
def retry_(mail_id: str) -> None:
    """Send a mail that was given up once more. Its id is what `broker mail list` begins with."""
    with started() as broker:
        is_due = retry(broker.db, mail_id, broker.ports.clock.now())
    if not is_due:
        raise click.ClickException("No mail of this id was given up in the last three days. Older ones say nothing any more.")
    click.echo("It is sent within seconds, where the broker or `broker worker` runs.")


@contextmanager
def _app() -> Iterator[tuple[Flask, Broker]]:
    """The web side as well: it makes the words of mails."""
    with started() as broker:
        app = create_app(broker.settings)
        parts: Broker = app.extensions["broker"]
        try:
            yield app, parts
        finally:
            parts.db.dispose()


def _line(one: Undelivered) -> str:
    state = f"given up {time_text(one.failed_at)}" if one.failed_at else f"next try {time_text(one.next_try_at)}"
    what = f"{one.id}  {time_text(one.created_at)}  {one.tenant or 'the platform'}  {one.to_address}  {one.message}"
    return f"{what}  {state}, {one.tries} tries{f': {one.last_error}' if one.last_error else ''}"
