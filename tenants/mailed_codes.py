"""Six-digit codes sent by mail: one at a time for each login transaction, good once and for five minutes.

A row is written whether or not there is an account behind the address, so that nothing depends on it (LC-04).
"""

from datetime import datetime, timedelta

from sqlalchemy import ForeignKeyConstraint, Index, String, bindparam, select, update
from sqlalchemy.orm import Mapped, mapped_column

from tenants.base import Base, TenantScoped
from tenants.statements import scoped, scoped_upsert
from tenants.throttles import Limit

LIFE = timedelta(minutes=5)
MAX_TRIES = 5
"""Wrong tries of one code; the fifth one ends it."""
_AT_ONCE = timedelta()
CODES_FOR_ADDRESS = Limit(free=3, cap=3, window=timedelta(hours=1), longest=_AT_ONCE)
"""Codes to one address (IR-09)."""
CODES_FOR_NETWORK = Limit(free=60, cap=60, window=timedelta(hours=1), longest=_AT_ONCE)
"""Codes asked for from one network address; a whole office may share it on its first day."""
CODES_FOR_TENANT = Limit(free=2000, cap=2000, window=timedelta(hours=1), longest=_AT_ONCE)
"""Codes of one tenant, whoever asks: what its mail server has to bear."""
TRIES_FOR_ADDRESS = Limit(free=30, cap=30, window=timedelta(hours=24), longest=_AT_ONCE)
"""One code in a million is right, so a day's tries guess one with a chance of 3 in 100,000 (LC-07)."""


class MailedCode(TenantScoped, Base):
    """The code of one attempt; `id` is the login transaction's, so a new code takes the place of the old one."""

    __tablename__ = "mailed_codes"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "account_id"], ["accounts.tenant_id", "accounts.id"], ondelete="CASCADE"),
        Index("ix_mailed_codes_account", "tenant_id", "account_id"),
        Index("ix_mailed_codes_expires_at", "expires_at"),
    )

    account_id: Mapped[str | None] = mapped_column(String(80))
    """None: the address has no account here; the row is there all the same."""
    purpose: Mapped[str] = mapped_column(String(20))
    """`first_login`, `reset`, `own_address` or `factor`."""
    code_hash: Mapped[str] = mapped_column(String(64))
    """A keyed hash: six digits could be found from a plain one."""
    tries: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


_OWN = MailedCode.__table__
_IS_LIVE = (
    MailedCode.id == bindparam("transaction"),
    MailedCode.purpose == bindparam("of_purpose"),
    MailedCode.used_at.is_(None),
    MailedCode.expires_at > bindparam("now"),
)
_VALUES = {
    "account_id": bindparam("account"),
    "purpose": bindparam("of_purpose"),
    "code_hash": bindparam("new_hash"),
    "tries": 0,
    "created_at": bindparam("now"),
    "expires_at": bindparam("until"),
    "used_at": None,
}
PUT_CODE = scoped_upsert(_OWN, ["id"], insert={"id": bindparam("transaction")} | _VALUES, update=_VALUES)
TRY_CODE = scoped(
    update(MailedCode)
    .where(*_IS_LIVE, MailedCode.tries < MAX_TRIES)
    .values(tries=MailedCode.tries + 1)
    .returning(MailedCode.tries, MailedCode.code_hash, MailedCode.account_id)
)
"""Counts a try before it is judged, and locks the row: tries sent at once can't slip past each other."""
USE_CODE = scoped(
    update(MailedCode)
    .where(*_IS_LIVE, MailedCode.code_hash == bindparam("typed_hash"), MailedCode.account_id.is_not(None))
    .values(used_at=bindparam("now"))
)
"""Takes the code: the row count is the answer."""
CODE_STATE = scoped(
    select(MailedCode.tries, MailedCode.used_at, MailedCode.expires_at).where(
        MailedCode.id == bindparam("transaction"), MailedCode.purpose == bindparam("of_purpose")
    )
)
"""Why a code can't be tried."""
END_CODES_OF_ACCOUNT = scoped(
    update(MailedCode)
    .where(MailedCode.account_id == bindparam("account"), MailedCode.used_at.is_(None))
    .values(used_at=bindparam("now"))
)
"""None that was sent before is good any more (LC-09)."""
