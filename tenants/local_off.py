"""Taking local sign-in away, from one account or from a whole tenant (requirements.md, T9, L10).

Every local credential goes: passwords, authenticator apps, recovery codes, passkeys; with them known devices, codes and
links that wait, and set-ups under way. The back door's own credentials are rows apart, which nothing here touches.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, delete, func, or_, select, update

from tenants.connections import Connection
from tenants.credentials import DROP_LOCAL_CREDENTIALS, Credential
from tenants.db import TenantSession
from tenants.devices import FORGET_DEVICES, Device
from tenants.identities import Identity
from tenants.invitations import SUPERSEDE_INVITATIONS
from tenants.mailed_codes import END_CODES_OF_ACCOUNT, MailedCode
from tenants.passkeys import DROP_PASSKEYS_OF_ACCOUNT, Passkey
from tenants.sessions import END_SESSIONS_OF_METHOD, BrowserSession
from tenants.statements import scoped
from tenants.transactions import Invitation, LoginTransaction
from tenants.ways import LOCAL

_DOOR_PURPOSES = ("door", "door_set_up")
_IS_LIVE = (
    LoginTransaction.expires_at > bindparam("now"),
    LoginTransaction.finished_at.is_(None),
    LoginTransaction.purpose.not_in(_DOOR_PURPOSES),
)
_END: dict[str, Any] = {"finished_at": bindparam("now"), "pending_sealed": None}
_END_ATTEMPTS_OF_ACCOUNT = scoped(
    update(LoginTransaction).where(LoginTransaction.account_id == bindparam("account"), *_IS_LIVE).values(_END)
)
_END_LOCAL_ATTEMPTS = scoped(
    update(LoginTransaction)
    .where(or_(LoginTransaction.method == LOCAL, LoginTransaction.purpose != "sign_in"), *_IS_LIVE)
    .values(_END)
)
_SUPERSEDE_ALL = scoped(
    update(Invitation)
    .where(Invitation.used_at.is_(None), Invitation.superseded_at.is_(None))
    .values(superseded_at=bindparam("now"))
)
_DROP_EVERYTHING = tuple(scoped(delete(model)) for model in (Credential, Passkey, Device, MailedCode))


def count_credentials(session: TenantSession, account_id: str) -> int:
    """How many credentials an account holds: each recovery code counts."""
    return sum(
        session.scalar(select(func.count()).select_from(model).where(model.account_id == account_id)) or 0
        for model in (Credential, Passkey)
    )


def local_holders(session: TenantSession) -> frozenset[str]:
    """Ids of the accounts that hold any local credential."""
    with_any = (session.scalars(select(model.account_id).distinct()) for model in (Credential, Passkey))
    return frozenset(account_id for found in with_any for account_id in found)


def with_no_other_way(session: TenantSession, holders: frozenset[str]) -> int:
    """How many of those who hold local credentials came by no connection that is on."""
    enabled = select(Identity.account_id).join(
        Connection, (Connection.tenant_id == Identity.tenant_id) & (Connection.id == Identity.connection_id)
    )
    linked = session.scalars(enabled.where(Connection.is_enabled).distinct())
    return len(holders - frozenset(linked))


def drop_credentials(session: TenantSession, account_id: str) -> int:
    """Delete everything that an account signs in with locally. Returns how many credentials went."""
    count = session.run(DROP_LOCAL_CREDENTIALS, account=account_id)
    count += session.run(DROP_PASSKEYS_OF_ACCOUNT, account=account_id)
    session.run(FORGET_DEVICES, account=account_id)
    return count


def end_attempts(session: TenantSession, account_id: str, now: datetime) -> None:
    """Nothing that was sent to an account or begun by it leads on: links, codes, set-ups and sign-ins under way."""
    session.run(SUPERSEDE_INVITATIONS, account=account_id, now=now)
    session.run(END_CODES_OF_ACCOUNT, account=account_id, now=now)
    session.run(_END_ATTEMPTS_OF_ACCOUNT, account=account_id, now=now)


_END_ATTEMPTS_OF_SOME = scoped(
    update(LoginTransaction)
    .where(LoginTransaction.account_id.in_(bindparam("accounts", expanding=True)), *_IS_LIVE)
    .values(_END)
)
_OF_SOME = (
    *(
        scoped(delete(model).where(model.account_id.in_(bindparam("accounts", expanding=True))))
        for model in (Credential, Passkey, Device, MailedCode)
    ),
    scoped(
        update(Invitation)
        .where(
            Invitation.account_id.in_(bindparam("accounts", expanding=True)),
            Invitation.used_at.is_(None),
            Invitation.superseded_at.is_(None),
        )
        .values(superseded_at=bindparam("now"))
    ),
    _END_ATTEMPTS_OF_SOME,
    scoped(
        update(BrowserSession)
        .where(BrowserSession.account_id.in_(bindparam("accounts", expanding=True)), BrowserSession.ended_at.is_(None))
        .values(ended_at=bindparam("now"))
    ),
)


def withdraw_from_some(session: TenantSession, account_ids: Sequence[str], now: datetime) -> None:
    """The same as for one account, for several hundred in one go; their sessions end."""
    if account_ids:
        for statement in _OF_SOME:
            session.run(statement, accounts=list(account_ids), now=now)


def withdraw_from_all(session: TenantSession, now: datetime) -> None:
    """Everybody's local credentials go, and the sessions that came by them end, in the caller's transaction (T9)."""
    for statement in _DROP_EVERYTHING:
        session.run(statement)
    session.run(_SUPERSEDE_ALL, now=now)
    session.run(_END_LOCAL_ATTEMPTS, now=now)
    session.run(END_SESSIONS_OF_METHOD, way=LOCAL, now=now)
