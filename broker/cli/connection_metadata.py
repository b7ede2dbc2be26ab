"""`broker connection metadata`: what a provider's own address says about it, and a change that waits for a word (SU-24)."""

from collections.abc import Iterable, Iterator
from typing import Any

import click
from sqlalchemy import Row, select

from broker.cli.asking import sure, tenant_of, time_text
from broker.cli.start import started
from broker.metadata_decisions import DecisionError, accept, reject
from broker.provider_metadata import Followed, described, refresh, row_of, shown_keys, usable
from broker.wiring import Broker
from tenants.connections import Connection
from tenants.metadata_changes import SENTENCES, Why


@click.command()
@click.argument("slug", metavar="TENANT")
@click.argument("key", metavar="CONNECTION")
@click.option("--refresh", "what", flag_value="refresh", help="Ask the address now.")
@click.option("--accept", "what", flag_value="accept", help="Take what waits for a word.")
@click.option("--reject", "what", flag_value="reject", help="Refuse it; the same is not proposed again.")
@click.option("--yes", is_flag=True, help="Don't ask before taking it.")
def metadata(slug: str, key: str, what: str | None, yes: bool) -> None:
    """Show what the metadata address of CONNECTION says, what counts now, and what waits for a word."""
    with started() as broker:
        followed = _followed(broker, tenant_of(broker, slug).id, key)
        row = refresh(broker, followed) if what == "refresh" else row_of(broker, followed)
        if what in ("accept", "reject"):
            row = _decide(broker, followed, row, is_accepted=what == "accept", is_sure=yes)
        for line in _lines(followed, row):
            click.echo(line)


def _followed(broker: Broker, tenant_id: str, key: str) -> Followed:
    with broker.db.tenant(tenant_id).reading() as session:
        connection = session.scalars(select(Connection).where(Connection.key == key)).first()
    if connection is None:
        raise click.ClickException("There is no such connection in this tenant.")
    followed = Followed.of(tenant_id, connection)
    if followed is None:
        raise click.ClickException("This connection has no metadata_url: its metadata is not fetched.")
    return followed


def _decide(broker: Broker, followed: Followed, row: Row[Any] | None, *, is_accepted: bool, is_sure: bool) -> Row[Any] | None:
    if row is None or row.proposed is None:
        raise click.ClickException("Nothing waits for a word.")
    if is_accepted and not is_sure and usable(followed, row.proposed) is not None:
        for line in _proposal(row):
            click.echo(line, err=True)
        sure("Whoever holds these keys can sign in as anybody of this connection. Did the provider confirm them?")
    try:
        (accept if is_accepted else reject)(broker, followed, row, "operator")
    except DecisionError as error:
        raise click.ClickException(str(error)) from None
    return row_of(broker, followed)


def _lines(followed: Followed, row: Row[Any] | None) -> Iterator[str]:
    yield f"Address: {followed.url}"
    if row is None:
        yield "It was not asked yet: that happens at the first sign-in, or with --refresh."
        return
    known = usable(followed, row.document)
    if known is None:
        yield "There is no copy that could be used."
    else:
        yield f"In force: {known.entity_id}, fetched on {time_text(row.fetched_at)}"
        yield f"  keys: {shown_keys(tuple(sorted(known.keys)))}"
        yield from _places(known.addresses)
    yield f"Asked or decided about last on {time_text(row.checked_at)}, asked next on {time_text(row.due_at)}."
    if row.fault:
        yield f"The last try failed: {row.fault}"
    if row.proposed is not None:
        yield from _proposal(row)


def _proposal(row: Row[Any]) -> Iterator[str]:
    yield f"Waits for a word since {time_text(row.proposed_at)}: {SENTENCES[Why(row.proposed_why)]}."
    new, known = described(row.proposed), described(row.document)
    if new is None:
        return
    before = known.keys if known else frozenset()
    yield f"  entity id: {new.entity_id}"
    yield f"  new keys: {shown_keys(tuple(sorted(new.keys - before))) or 'none'}"
    yield f"  keys that are gone: {shown_keys(tuple(sorted(before - new.keys))) or 'none'}"
    yield from _places(new.addresses)


def _places(addresses: Iterable[str]) -> Iterator[str]:
    """Where people are sent, by binding: to sign in, and to sign out."""
    for address in sorted(addresses):
        rest = address.removeprefix("logout ")
        yield f"  signs {'in' if rest == address else 'out'} at: {rest}"
