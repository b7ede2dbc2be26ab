"""Rows of things under way: login transactions, one-time invitations, assertions that were used.

A transaction's id stands in the URL, its other half in a cookie; both are kept as SHA-256. Everything learned so far
is in the row, and single-use parts are consumed by a conditional UPDATE whose row count is the answer.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKeyConstraint, Index, String, bindparam, column, insert, select, update
from sqlalchemy.orm import Mapped, mapped_column

from tenants.base import Base, TenantScoped
from tenants.connections import Connection
from tenants.statements import scoped


class LoginTransaction(TenantScoped, Base):
    """One attempt, from first page to session. `id` is the SHA-256 of what the URL holds."""

    __tablename__ = "login_transactions"
    __table_args__ = (
        Index("ix_login_transactions_state", "tenant_id", "state_hash"),
        Index("ix_login_transactions_expires_at", "expires_at"),
        # Of the few that are under way: those that came to no end are told of (tenants/abandoned.py).
        Index(
            "ix_login_transactions_open",
            "expires_at",
            sqlite_where=column("finished_at").is_(None),
            postgresql_where=column("finished_at").is_(None),
        ),
        # Of the few that are under way and have named an account: they end when its password is set anew (LC-09).
        Index(
            "ix_login_transactions_account",
            "tenant_id",
            "account_id",
            sqlite_where=column("account_id").is_not(None) & column("finished_at").is_(None),
            postgresql_where=column("account_id").is_not(None) & column("finished_at").is_(None),
        ),
    )

    browser_hash: Mapped[str] = mapped_column(String(64))
    reference: Mapped[str] = mapped_column(String(9))
    purpose: Mapped[str] = mapped_column(String(20))
    """`sign_in`; `first_login` and `reset`, which a mailed code begins; `activate` for a set-up that an invitation began;
    `door` and `door_set_up` for the back door's own."""
    return_to: Mapped[str] = mapped_column(String(8000))
    application_id: Mapped[str | None] = mapped_column(String(80))
    hints: Mapped[dict[str, Any]] = mapped_column(default=dict)
    """What the application asked: login_hint, prompt, max_age, acr_values."""
    email: Mapped[str | None] = mapped_column(String(254))
    method: Mapped[str | None] = mapped_column(String(63))
    """The way chosen: a connection's key, or `local`."""
    connection_id: Mapped[str | None] = mapped_column(String(80))
    connection_version: Mapped[int | None]
    state_hash: Mapped[str | None] = mapped_column(String(64))
    upstream_sealed: Mapped[str | None]
    """Nonce, PKCE verifier and the like: what the return is checked against."""
    account_id: Mapped[str | None] = mapped_column(String(80))
    identity_id: Mapped[str | None] = mapped_column(String(80))
    proofs: Mapped[list[Any]] = mapped_column(default=list)
    """Append-only: what was proven, how and when; `amr` and `auth_time` are computed from it."""
    pending_sealed: Mapped[str | None]
    """A set-up under way: the new password's hash and the new app's seed, written when the last step is proven."""
    invitation_id: Mapped[str | None] = mapped_column(String(80))
    """What began a set-up: an invitation's id, or the hash of the back door's link."""
    test_id: Mapped[str | None] = mapped_column(String(80))
    """The test sign-in that this is, see tenants/connection_tests.py."""
    challenge: Mapped[str | None] = mapped_column(String(90))
    """What a passkey has to sign next, base64url; taken once."""
    failures: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]


class Invitation(TenantScoped, Base):
    """A one-time link for an account; the token itself is kept as SHA-256 only."""

    __tablename__ = "invitations"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "account_id"], ["accounts.tenant_id", "accounts.id"], ondelete="CASCADE"),
        Index("uq_invitations_token_hash", "tenant_id", "token_hash", unique=True),
        Index("ix_invitations_account", "tenant_id", "account_id"),
    )

    account_id: Mapped[str] = mapped_column(String(80))
    token_hash: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    superseded_at: Mapped[datetime | None]
    purpose: Mapped[str] = mapped_column(String(20), default="invitation", server_default="invitation")
    """`invitation`, or `reset` for a link that proves the address for a new password."""


class UsedAssertion(TenantScoped, Base):
    """An identity provider's assertion that was taken: it opens no second session (SU-15).

    `id` is the SHA-256 of connection and assertion id; the row stays for as long as the assertion could be believed.
    """

    __tablename__ = "used_assertions"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "connection_id"], ["connections.tenant_id", "connections.id"], ondelete="CASCADE"),
        Index("ix_used_assertions_expires_at", "expires_at"),
    )

    connection_id: Mapped[str] = mapped_column(String(80))
    expires_at: Mapped[datetime]


_LIVE = (
    LoginTransaction.browser_hash == bindparam("browser"),
    LoginTransaction.expires_at > bindparam("now"),
    LoginTransaction.finished_at.is_(None),
)
_ROW = LoginTransaction.__table__
BEGIN_TRANSACTION = scoped(insert(LoginTransaction))
TRANSACTION = scoped(select(*_ROW.c).where(LoginTransaction.id == bindparam("id_hash"), *_LIVE))
RETURN_OF_ENDED = scoped(
    select(
        LoginTransaction.return_to,
        LoginTransaction.application_id,
        LoginTransaction.purpose,
        LoginTransaction.browser_hash,
        LoginTransaction.email,
        LoginTransaction.hints,
    ).where(LoginTransaction.id == bindparam("id_hash"))
)
"""Where an attempt that is over was going, so that it can be started again."""
TAKE_RETURN = scoped(
    update(LoginTransaction)
    .where(
        LoginTransaction.state_hash == bindparam("state_digest"),
        LoginTransaction.connection_id == bindparam("connection"),
        *_LIVE,
    )
    .values(state_hash=None, finished_at=bindparam("now"))
    .returning(*_ROW.c)
)
"""A return from an identity provider is taken once, by this browser, at this connection: the row is the answer.

It ends the attempt as well, which mostly it does; REOPEN_TRANSACTION lets one go on that has further steps."""
TAKE_UNCHANGED_RETURN = scoped(
    update(LoginTransaction)
    .where(
        LoginTransaction.state_hash == bindparam("state_digest"),
        LoginTransaction.connection_id == bindparam("connection"),
        Connection.tenant_id == LoginTransaction.tenant_id,
        Connection.id == LoginTransaction.connection_id,
        Connection.version == LoginTransaction.connection_version,
        Connection.is_enabled,
        *_LIVE,
    )
    .values(state_hash=None, finished_at=bindparam("now"))
    .returning(*_ROW.c)
)
"""The same, where the connection is on and what it was when the attempt began: mostly it is, and one look tells."""
REOPEN_TRANSACTION = scoped(
    update(LoginTransaction)
    .where(
        LoginTransaction.id == bindparam("id_hash"),
        LoginTransaction.browser_hash == bindparam("browser"),
        LoginTransaction.expires_at > bindparam("now"),
    )
    .values(finished_at=None)
)
SAVE_TRANSACTION = scoped(
    update(LoginTransaction).where(LoginTransaction.id == bindparam("id_hash"), *_LIVE).returning(*_ROW.c)
)
"""Sets the columns that it is run with, and gives the row as it is then."""
ADD_PROOF = scoped(
    update(LoginTransaction)
    .where(LoginTransaction.id == bindparam("id_hash"), LoginTransaction.account_id == bindparam("of_account"), *_LIVE)
    .values(proofs=bindparam("all_proofs"))
    .returning(*_ROW.c)
)
"""A further proof is of the account that the first one named, whatever another tab has done to the row since."""
TAKE_CHALLENGE = scoped(
    update(LoginTransaction)
    .where(LoginTransaction.id == bindparam("id_hash"), LoginTransaction.challenge == bindparam("taken"), *_LIVE)
    .values(challenge=None)
    .returning(*_ROW.c)
)
"""A challenge is answered once, rightly or not: the row says whether this answer was it (SF-08)."""
FINISH_TRANSACTION = scoped(
    update(LoginTransaction)
    .where(LoginTransaction.id == bindparam("id_hash"), *_LIVE)
    .values(finished_at=bindparam("now"), upstream_sealed=None, pending_sealed=None)
)
COUNT_FAILURE = scoped(
    update(LoginTransaction)
    .where(LoginTransaction.id == bindparam("id_hash"))
    .values(failures=LoginTransaction.failures + 1)
    .returning(LoginTransaction.failures)
)
USE_ASSERTION = scoped(insert(UsedAssertion))
"""Its failure is the answer: the key is there already."""
INVITATION = scoped(
    select(
        Invitation.id,
        Invitation.account_id,
        Invitation.purpose,
        Invitation.expires_at,
        Invitation.used_at,
        Invitation.superseded_at,
    ).where(Invitation.token_hash == bindparam("token_hash"))
)
SPEND_INVITATION = scoped(
    update(Invitation)
    .where(
        Invitation.id == bindparam("invitation_id"),
        Invitation.used_at.is_(None),
        Invitation.superseded_at.is_(None),
        Invitation.expires_at > bindparam("now"),
    )
    .values(used_at=bindparam("now"))
)
