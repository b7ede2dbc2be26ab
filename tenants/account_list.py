"""What an admin sees of accounts: all of them in pages by address, and one with what it holds. No secret is read."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, bindparam, select

from tenants.accounts import GROUPS_OF_ACCOUNT, Account, AccountState
from tenants.connections import Connection
from tenants.credentials import Credential
from tenants.db import TenantDatabase, TenantSession
from tenants.ends import effective_state
from tenants.identities import Identity
from tenants.last_admin import door_holders
from tenants.lifecycle import life_facts
from tenants.organization_policies import load_policies
from tenants.passkeys import Passkey
from tenants.statements import scoped

_PAGE = 500
_ACCOUNTS = scoped(
    select(*Account.__table__.c).where(Account.email_key > bindparam("after")).order_by(Account.email_key).limit(_PAGE)
)


@dataclass(frozen=True, slots=True)
class Held:
    """A credential, or a link to an identity provider, by what it is."""

    what: str
    created_at: datetime
    last_used_at: datetime | None
    said: tuple[tuple[str, str], ...] = ()
    """What an identity provider said of the person, beside the name."""


@dataclass(frozen=True, slots=True)
class AccountView:
    """One account with what it holds."""

    account: Account
    state: AccountState
    groups: tuple[str, ...]
    held: tuple[Held, ...]
    has_door: bool


def list_accounts(database: TenantDatabase, now: datetime) -> Iterator[tuple[Row[Any], AccountState]]:
    """Every account with its state as time has made it, by address; those that were deleted are not there."""
    after = ""
    while True:
        with database.reading() as session:
            policies = load_policies(session)
            rows = session.all(_ACCOUNTS, after=after)
        for row in rows:
            if row.state != AccountState.DELETED:
                yield row, effective_state(life_facts(row), policies.of(row.organization_id), now)
        if len(rows) < _PAGE:
            return
        after = rows[-1].email_key


def look_at_account(session: TenantSession, account: Account, now: datetime) -> AccountView:
    """One account with what it holds."""
    return AccountView(
        account=account,
        state=effective_state(life_facts(account), load_policies(session).of(account.organization_id), now),
        groups=tuple(row.value for row in session.all(GROUPS_OF_ACCOUNT, account_id=account.id)),
        held=(*_credentials(session, account.id), *_passkeys(session, account.id), *_identities(session, account.id)),
        has_door=account.id in door_holders(session),
    )


def _credentials(session: TenantSession, account_id: str) -> Iterator[Held]:
    found = session.scalars(select(Credential).where(Credential.account_id == account_id).order_by(Credential.kind))
    for row in found:
        yield Held(row.kind, row.created_at, row.last_used_at)


def _passkeys(session: TenantSession, account_id: str) -> Iterator[Held]:
    for row in session.scalars(select(Passkey).where(Passkey.account_id == account_id).order_by(Passkey.created_at)):
        yield Held("passkey", row.created_at, row.last_used_at)


def _identities(session: TenantSession, account_id: str) -> Iterator[Held]:
    linked = select(Identity, Connection.key).join(Connection, Connection.id == Identity.connection_id)
    for row, key in session.execute(linked.where(Identity.account_id == account_id).order_by(Connection.key)):
        said = tuple((name, str(row.profile[name])) for name in ("position", "phone") if row.profile.get(name))
        yield Held(f"connection {key}", row.created_at, row.last_login_at, said)
