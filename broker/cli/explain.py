"""`broker explain`: where somebody would be sent to sign in, and why (requirements.md, R7).

The decision is that of the sign-in pages: the same function, asked the same question.
"""

from collections.abc import Iterator, Sequence
from ipaddress import ip_address

import click

from broker.cli.asking import address_of
from broker.cli.start import started
from broker.signin.complete import account_facts, application_facts
from broker.wiring import Broker
from tenants.accounts import ACCOUNT_BY_ADDRESS
from tenants.addresses import Address
from tenants.assignments import entitlements_of
from tenants.credentials import ACCOUNT_FACTS
from tenants.discovery import Decision, Question, discover
from tenants.policies import AccountFacts, Admission, AdmissionFacts, SignInFacts, admit
from tenants.questions import question_for
from tenants.reasons import Reason
from tenants.snapshot import ApplicationConfig, TenantConfig
from tenants.ways import LOCAL, Hints


@click.command()
@click.option("--tenant", "slug", required=True, help="Slug of the tenant.")
@click.option("--email", default="", help="The address that somebody types; without it, what the first page does.")
@click.option("--application", "key", default="", metavar="KEY", help="Key or client id of the application that asks.")
@click.option("--address", "network", default="", metavar="IP", help="The network address that somebody asks from.")
@click.option("--login-hint", default="", help="What the application says as login_hint.")
@click.option("--domain-hint", default="", help="What the application says as domain_hint.")
@click.option("--connection-hint", default="", metavar="KEY", help="What the application says as connection.")
@click.option("--after-end", is_flag=True, help="As after a failed try or a sign-out.")
def explain(
    slug: str,
    email: str,
    key: str,
    network: str,
    login_hint: str,
    domain_hint: str,
    connection_hint: str,
    after_end: bool,
) -> None:
    """Print where somebody would go, with every reason; and whether their account would be admitted there."""
    address = address_of(email) if email else None
    _require_network(network)
    with started() as broker:
        tenant = broker.snapshots.find_by_slug(slug)
        if tenant is None:
            raise click.ClickException("There is no such tenant.")
        application = _application(tenant, key)
        hints = Hints(login_hint, domain_hint, connection_hint)
        question = question_for(tenant, application, address, network, hints, has_just_ended=after_end)
        decision = discover(question)
        lines = [*_numbered("Where to", decision.reasons), *_result(question, decision)]
        if address is not None:
            lines += _admission(broker, tenant, application, address, decision)
    for line in lines:
        click.echo(line)


def _require_network(text: str) -> None:
    try:
        ip_address(text or "::")
    except ValueError:
        raise click.ClickException("--address is a network address such as 10.0.0.1.") from None


def _application(tenant: TenantConfig, key: str) -> ApplicationConfig | None:
    if not key:
        return None
    found = [one for one in tenant.all_applications if key in (one.key, one.client_id)]
    if not found:
        raise click.ClickException("There is no such application in this tenant.")
    return found[0]


def _numbered(title: str, reasons: Sequence[Reason]) -> Iterator[str]:
    yield f"{title}:"
    for number, reason in enumerate(reasons, 1):
        yield f"  {number}. {reason.sentence} ({reason.code})"


def _result(question: Question, decision: Decision) -> Iterator[str]:
    labels = {way.key: way.label for way in question.ways} | {LOCAL: "e-mail and password"}
    if decision.go:
        yield f"Goes to {decision.go} ({labels[decision.go]})."
    elif decision.cause:
        yield f"Is refused: {decision.cause.value}."
    else:
        yield "Chooses on the sign-in page."
    offered = [f"{key}{' (first)' if key == decision.first else ''}" for key in decision.ways]
    if offered:
        yield f"Ways on offer: {', '.join(offered)}."


def _admission(
    broker: Broker, tenant: TenantConfig, application: ApplicationConfig | None, address: Address, decision: Decision
) -> Iterator[str]:
    """What policy says of the account that has this address, if it came by the way that was found."""
    account = _account(broker, tenant, address)
    if account is None:
        yield "Account: none has this address."
        return
    if decision.go is None:
        return
    admission = admit(_facts(broker, tenant, application, account, decision.go))
    yield from _numbered(f"Admitted by {decision.go}", admission.reasons)
    yield f"Is refused: {admission.cause.value}." if admission.cause else _let_in(admission)


def _let_in(admission: Admission) -> str:
    return "Is let in after a second factor here." if admission.factor_needed else "Is let in."


def _account(broker: Broker, tenant: TenantConfig, address: Address) -> AccountFacts | None:
    with broker.db.tenant(tenant.id).reading() as db:
        found = db.one(ACCOUNT_BY_ADDRESS, email_key=address.key)
        row = db.one(ACCOUNT_FACTS, account=found.id) if found else None
        if row is None:
            return None
        return account_facts(row, entitlements_of(db, row.id, row.organization_id))


def _facts(
    broker: Broker, tenant: TenantConfig, application: ApplicationConfig | None, account: AccountFacts, way: str
) -> AdmissionFacts:
    connection = tenant.connections.get(way)
    return AdmissionFacts(
        policy=tenant.policy_for(account.entitled.organization_id),
        account=account,
        sign_in=SignInFacts(way=way, is_way_enabled=connection is None or connection.is_enabled),
        now=broker.ports.clock.now(),
        rules=tenant.domains,
        application=application_facts(application),
    )
