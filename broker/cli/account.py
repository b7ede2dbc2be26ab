"""`broker account`: what the operator does about one account of a tenant (docs/accounts.md)."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import click

from broker.cli.account_text import LIST_STATES, card, line
from broker.cli.asking import account_of, address_of, counted, sure, tenant_of, time_text
from broker.cli.start import started
from broker.wiring import Broker
from tenants.account_list import list_accounts, look_at_account
from tenants.accounts import Account, AccountState
from tenants.db import TenantSession
from tenants.ends import effective_state
from tenants.invitations import RESET_LIFE, RESET_LINK, make_link
from tenants.lifecycle import LifecycleError, change_state, life_facts, reset_factors, set_expiry, set_local
from tenants.local_off import count_credentials
from tenants.organization_policies import load_policies
from tenants.outbox import add_mail
from tenants.policies import TenantPolicy

BY = "broker account"


@dataclass(frozen=True, slots=True)
class Desk:
    """One account on the operator's desk, in a write transaction of its tenant."""

    broker: Broker
    session: TenantSession
    account: Account
    now: datetime

    @property
    def policy(self) -> TenantPolicy:
        """What holds for this account."""
        return load_policies(self.session).of(self.account.organization_id)

    def mail(self, message: str, **facts: str) -> None:
        """Written with the change itself: it is sent if, and only if, that commits."""
        add_mail(self.session, self.broker.vault, self.account.email, message, facts, self.now)

    def tell(self, what: str) -> None:
        """Mail the account's owner that an admin has changed a credential."""
        self.mail("credential_changed", what=what, at=self.now.isoformat(), address="", by="admin")


tenant_option = click.option("--tenant", "slug", required=True, help="Slug of the tenant.")
yes_option = click.option("--yes", is_flag=True, help="Don't ask.")


def of_one_account(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options that say whose account it is about."""
    return tenant_option(click.option("--email", required=True, help="Address of the account.")(command))


@click.group()
def account() -> None:
    """Look at the accounts of a tenant and change one of them."""


@account.command("list")
@tenant_option
@click.option("--state", type=click.Choice(LIST_STATES), help="Those in this state only.")
def list_(slug: str, state: str | None) -> None:
    """Print every account, in the order of the addresses: state, role, ways, last sign-in."""
    with started() as broker:
        now = broker.ports.clock.now()
        mine = broker.db.tenant(tenant_of(broker, slug).id)
        for row, row_state in list_accounts(mine, now):
            if state in (None, row_state.value):
                click.echo(line(row, row_state))


@account.command()
@of_one_account
def show(slug: str, email: str) -> None:
    """Print what is known of an account; no secret is."""
    with _desk(slug, email) as desk:
        seen = look_at_account(desk.session, desk.account, desk.now)
    for text in card(seen):
        click.echo(text)


@account.command()
@of_one_account
def disable(slug: str, email: str) -> None:
    """Switch an account off: nobody enters with it, and its sessions end. Its credentials wait."""
    with _desk(slug, email) as desk:
        change_state(desk.session, desk.account.id, AccountState.DISABLED, desk.now, BY)
        _say(desk, "is disabled. Its sessions have ended.")
        _say_whose_state(desk.account)


@account.command()
@of_one_account
def enable(slug: str, email: str) -> None:
    """Give an account back that is disabled, deactivated, inactive or expired, with its usual credentials."""
    with _desk(slug, email) as desk:
        change_state(desk.session, desk.account.id, AccountState.ACTIVE, desk.now, BY)
        _say(desk, f"is {desk.account.state}.")
        if desk.account.state == AccountState.INVITED:
            click.echo("It was never set up: `broker invite` sends a new link.", err=True)
        _say_whose_state(desk.account)


account.add_command(enable, "reactivate")


@account.command()
@of_one_account
@click.option("--on", "day", type=click.DateTime(["%Y-%m-%d"]), help="The last day, to its end in UTC.")
@click.option("--never", is_flag=True, help="Without an end.")
def expire(slug: str, email: str, day: datetime | None, never: bool) -> None:
    """Set or lift the day on which an account ends. One that has expired is given back."""
    if (day is None) != never:
        raise click.ClickException("Say either --on DATE or --never.")
    with _desk(slug, email) as desk:
        set_expiry(desk.session, desk.account.id, _end_of(day.date()) if day else None, desk.now, BY)
        _say(desk, f"ends with {day:%Y-%m-%d}." if day else "has no end date.")


@account.command("reset-factors")
@of_one_account
@yes_option
def reset_factors_(slug: str, email: str, yes: bool) -> None:
    """Delete an account's second factors; the password stays. For who has lost every one of them."""
    question = "This deletes the second factors of {email} ({count}) and ends its sessions. Go on?"
    address, count = _asked(slug, email, yes, question, _reset_factors)
    click.echo(f"{address} has no second factor any more ({counted(count, 'credential')} deleted).")
    click.echo("Before the next sign-in, a code by mail and new factors have to come.", err=True)


def _reset_factors(desk: Desk) -> int:
    desk.tell("factors_reset")
    return reset_factors(desk.session, desk.account.id, desk.now, BY)


@account.command("email-login")
@of_one_account
@click.argument("switch", type=click.Choice(["on", "off"]))
@yes_option
def email_login(slug: str, email: str, switch: str, yes: bool) -> None:
    """Let an account sign in with e-mail and password, or not. `off` deletes what it has for that, after asking."""
    if switch == "off":
        question = "This deletes the password and second factors of {email} ({count}) and ends its sessions. Go on?"
        address, count = _asked(slug, email, yes, question, _switch_off)
        click.echo(f"{address} has no e-mail login any more ({counted(count, 'credential')} deleted).")
        return
    with _desk(slug, email) as desk:
        _require_other(desk, is_on=True)
        set_local(desk.session, desk.account.id, True, desk.now, BY)
        _say(desk, "may sign in with e-mail and password. `broker account send-reset` mails a link to set one.")
        if not desk.policy.local_enabled:
            click.echo("It takes effect when the tenant has policy.local_enabled.", err=True)


def _switch_off(desk: Desk) -> int:
    _require_other(desk, is_on=False)
    desk.tell("local_off")
    return set_local(desk.session, desk.account.id, False, desk.now, BY)


def _require_other(desk: Desk, *, is_on: bool) -> None:
    if desk.account.is_local_enabled == is_on:
        raise LifecycleError(f"E-mail login is {'on' if is_on else 'off'} for this account already.")


@account.command("send-reset")
@of_one_account
def send_reset(slug: str, email: str) -> None:
    """Mail a link with which the owner sets a new password; it works once, for 30 minutes. Older links end."""
    with _desk(slug, email) as desk:
        _require_resettable(desk)
        token = make_link(desk.session, desk.account.id, RESET_LINK, desk.now, RESET_LIFE)
        until = desk.now + RESET_LIFE
        desk.mail("reset_link", token=token, expires_at=until.isoformat())
        _say(desk, f"gets a reset link by mail, good until {time_text(until)}.")
        if desk.broker.ports.mailer is None:
            click.echo("No mail is sent: BROKER_SMTP_HOST is not set.", err=True)


@account.command()
@of_one_account
@yes_option
def delete(slug: str, email: str, yes: bool) -> None:
    """Delete an account for good: name, address, credentials, links to identity providers, groups and sessions.

    The audit log stays, under an id that nobody gets again.
    """
    question = "This deletes {email} for good, with {count}. It can't be undone. Go on?"
    address, _count = _asked(slug, email, yes, question, _delete)
    click.echo(f"{address} is deleted.")


def _delete(desk: Desk) -> int:
    count = count_credentials(desk.session, desk.account.id)
    change_state(desk.session, desk.account.id, AccountState.DELETED, desk.now, BY)
    return count


@contextmanager
def _desk(slug: str, email: str) -> Iterator[Desk]:
    address = address_of(email)
    with started() as broker:
        tenant = tenant_of(broker, slug)
        try:
            with broker.db.tenant(tenant.id).writing() as session:
                yield Desk(broker, session, account_of(session, address), broker.ports.clock.now())
        except LifecycleError as error:
            raise click.ClickException(str(error)) from None


class _Rehearsed(Exception):
    """Takes a change back, once it is known that it could be made."""


def _asked(slug: str, email: str, yes: bool, question: str, change: Callable[[Desk], int]) -> tuple[str, int]:
    """Make a change that can't be undone, after asking with its number. Returns the address and that number.

    What would be refused is refused before anybody is asked; no transaction is open while somebody thinks.
    """
    if not yes:
        address, count = _rehearsed(slug, email, change)
        sure(question.format(email=address, count=counted(count, "credential")))
    with _desk(slug, email) as desk:
        return desk.account.email, change(desk)


def _rehearsed(slug: str, email: str, change: Callable[[Desk], int]) -> tuple[str, int]:
    address, count = "", 0
    try:
        with _desk(slug, email) as desk:
            address, count = desk.account.email, change(desk)
            raise _Rehearsed
    except _Rehearsed:
        return address, count


def _require_resettable(desk: Desk) -> None:
    """A link is for who may use it now (security.md, IR-11)."""
    state = effective_state(life_facts(desk.account), desk.policy, desk.now)
    if state is AccountState.INVITED:
        raise click.ClickException("This account has not been set up yet: `broker invite` sends the link for that.")
    if state is not AccountState.ACTIVE:
        raise click.ClickException(f"This account is {state.value}: `broker account enable` gives it back.")
    if not desk.policy.local_enabled:
        raise click.ClickException("Local sign-in is switched off for this tenant (policy.local_enabled).")
    if not desk.account.is_local_enabled:
        raise click.ClickException("This account may not sign in with e-mail and password: `broker account email-login`.")


def _end_of(day: date) -> datetime:
    """A day counts to its end, UTC, as in a tenants file."""
    return datetime.combine(day + timedelta(days=1), time(), UTC)


def _say(desk: Desk, what: str) -> None:
    click.echo(f"{desk.account.email} {what}")


def _say_whose_state(account: Account) -> None:
    if account.is_file_managed:
        click.echo("A tenants file names this account: if it says `state`, the next `broker apply` sets that again.", err=True)
