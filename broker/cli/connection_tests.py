"""`broker connection test` and `tests`: a link for a test sign-in, and what the latest have shown."""

from collections.abc import Iterator
from datetime import datetime

import click

from broker.cli.asking import tenant_of, time_text
from broker.cli.connection_versions import keeping, key_argument, number_option, tenant_argument
from tenants.audit import printable
from tenants.connection_results import Result
from tenants.connection_tests import ConnectionTest, begin_test, list_tests, version_to_test
from tenants.connection_versions import VersionState, objection_to_test

_LISTED = 20


@click.command()
@tenant_argument
@key_argument
@number_option
def test(tenant: str, key: str, number: int | None) -> None:
    """Print a link for one test sign-in, of the newest version unless another is named.

    It works in any browser, also while the connection is off. It opens no session and changes nothing.
    """
    with keeping(tenant) as (broker, work):
        row = work.locked(key)
        chosen = number or version_to_test(row, work.versions(row))
        objection = objection_to_test(VersionState(work.version(row, chosen).state), chosen, row.version)
        if objection:
            raise click.ClickException(objection)
        token, expires_at = begin_test(work.session, row, chosen, work.by, work.now)
        slug = tenant_of(broker, tenant)
        base_url = broker.snapshots.base_url(slug.slug, slug.canonical_host)
    click.echo(f"{base_url}/sign-in/test/{token}")
    click.echo(f"Version {chosen} of {key}, once, until {time_text(expires_at)}.", err=True)


@click.command()
@tenant_argument
@key_argument
@click.option("--claims", is_flag=True, help="Also what was received and what became of it, of the latest one.")
def tests(tenant: str, key: str, claims: bool) -> None:
    """List the latest tests and what they came to."""
    with keeping(tenant) as (_broker, work):
        found, now = list_tests(work.session, work.locked(key), _LISTED), work.now
    for one in found:
        click.echo(f"{time_text(one.created_at)}  version {one.number}: {_standing(one, now)}")
    finished = next((one for one in found if one.finished_at is not None), None)
    if claims and finished is not None:
        for line in _told(Result.from_json(finished.result)):
            click.echo(f"  {printable(line)}")
    if not found:
        click.echo("No test within 30 days.")


TEST_COMMANDS = (test, tests)


def _standing(one: ConnectionTest, now: datetime) -> str:
    if one.finished_at is not None:
        result = Result.from_json(one.result)
        if one.cause:
            return f"failed, {one.cause}{f': {printable(result.detail)}' if result.detail else ''}"
        return f"worked, {result.act} {printable(result.account or result.email)}"
    if one.started_at is not None:
        return "started, and nothing came back"
    return f"waits until {time_text(one.expires_at)}" if one.expires_at > now else "was not used"


def _told(result: Result) -> Iterator[str]:
    if result.subject:
        yield f"Who: {result.subject} of {result.issuer}, {result.email or 'no address'} ({result.proof})"
        yield f"Proof of the address: {result.proof_reason}"
        yield f"Second factor: {result.factor}"
        yield f"Groups: {', '.join(result.given) or 'none'}{f'; role {result.role}' if result.role else ''}"
    yield from result.groups
    yield from result.reasons
    yield from (f"{name}: {value}" for name, value in result.more.items())
    for claim in result.claims:
        yield f"{claim.name} = {claim.value} [{claim.taken_as}]"
