"""`broker keys tokens`, `broker keys rotate`: the keys that a tenant's tokens are signed with.

They change by themselves (`token_key_days` of the tenant's policy). By hand: `rotate` puts the successor into the key
set; two days later it signs. `rotate --now` lets it sign at once; `--distrust` also ends what the old one has signed.
"""

from datetime import timedelta

import click

from broker.cli.asking import sure, tenant_of, time_text
from broker.cli.start import started
from broker.wiring import Broker
from tenants.key_changes import KeyChangeError
from tenants.signing import ALGORITHMS, new_key
from tenants.token_keys import KeyFacts, keys_of, publish_next, retire_before, use_next

_BY = "operator"


@click.command("tokens")
@click.argument("slug", metavar="TENANT")
def list_token_keys(slug: str) -> None:
    """Show the keys that TENANT's tokens are signed and verified with."""
    with started() as broker:
        tenant_id = tenant_of(broker, slug).id
        with broker.db.tenant(tenant_id).reading() as session:
            for algorithm in ALGORITHMS:
                keys = keys_of(session, algorithm)
                for key, words in ((keys.active, "signs"), (keys.successor, "is published, signs next")):
                    if key is not None:
                        click.echo(_line(algorithm, key, words))
                for key in keys.before:
                    click.echo(_line(algorithm, key, "verifies what it signed before"))


@click.command()
@click.argument("slug", metavar="TENANT")
@click.option("--now", "is_now", is_flag=True, help="Sign with the new keys at once, not two days later.")
@click.option("--distrust", is_flag=True, help="Take the old keys out of the key set: what they signed is refused from now on.")
@click.option("--yes", is_flag=True, help="Don't ask.")
def rotate(slug: str, is_now: bool, distrust: bool, yes: bool) -> None:
    """Give TENANT new keys for its tokens."""
    with started() as broker:
        tenant_id = tenant_of(broker, slug).id
        if distrust and not yes:
            sure("Tokens that were issued until now are refused, and applications have to ask anew. Go on?")
        for algorithm in ALGORITHMS:
            _rotate_one(broker, tenant_id, algorithm, is_now=is_now or distrust, distrust=distrust)


def _rotate_one(broker: Broker, tenant_id: str, algorithm: str, *, is_now: bool, distrust: bool) -> None:
    now, database = broker.ports.clock.now(), broker.db.tenant(tenant_id)
    with database.reading() as session:
        has_successor = keys_of(session, algorithm).successor is not None
    made = None if has_successor else new_key(algorithm)
    try:
        with database.writing() as session:
            if made is not None:
                publish_next(session, broker.vault, made, now, _BY)
            if is_now:
                click.echo(f"{use_next(session, algorithm, now, _BY)} signs from now on ({algorithm}).")
            if distrust:
                for kid in retire_before(session, algorithm, now, _BY, older_than=timedelta()):
                    click.echo(f"{kid} is good for nothing any more.")
    except KeyChangeError as error:
        raise click.ClickException(str(error)) from None
    if not is_now:
        click.echo(f"A new key for {algorithm} stands in the key set, and signs in two days.")


def _line(algorithm: str, key: KeyFacts, words: str) -> str:
    return f"{algorithm}  {key.kid}  {words}, since {time_text(key.signs_since)}"


TOKEN_KEY_COMMANDS = (list_token_keys, rotate)
