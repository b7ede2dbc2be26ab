"""Moving from one identity provider to another: two connections in parallel, until a date (docs/moving.md)."""

from datetime import datetime

from sqlalchemy import ForeignKeyConstraint, Index, String, and_, bindparam, column, false, select, update
from sqlalchemy.orm import Mapped, mapped_column

from tenants.accounts import Account
from tenants.base import Base, TenantScoped
from tenants.statements import scoped

_OPEN = column("finished_at").is_(None) & column("undone_at").is_(None)


class Move(TenantScoped, Base):
    """One move; `undone_at` and `finished_at` are None while it goes on."""

    __tablename__ = "moves"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "from_id"], ["connections.tenant_id", "connections.id"], ondelete="CASCADE"),
        ForeignKeyConstraint(["tenant_id", "to_id"], ["connections.tenant_id", "connections.id"], ondelete="CASCADE"),
        Index("ix_moves_to", "tenant_id", "to_id"),
        # One move of a connection at a time, whoever begins two at once.
        Index("uq_moves_open", "tenant_id", "from_id", unique=True, sqlite_where=_OPEN, postgresql_where=_OPEN),
    )

    from_id: Mapped[str] = mapped_column(String(80))
    to_id: Mapped[str] = mapped_column(String(80))
    created_at: Mapped[datetime]
    cut_over_at: Mapped[datetime | None]
    cut_at: Mapped[datetime | None]
    """When the old connection was really switched off."""
    was_enabled: Mapped[bool] = mapped_column(default=False, server_default=false())
    """Whether the cut-over switched it off. One that was off before stays so when the move is undone."""
    moved_domains: Mapped[list[str]] = mapped_column(default=list)
    """Names of the domains that went along then: what an undo brings back."""
    finished_at: Mapped[datetime | None]
    undone_at: Mapped[datetime | None]


class MoveSubject(TenantScoped, Base):
    """An uploaded row: this account will arrive at the new provider as this subject."""

    __tablename__ = "move_subjects"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "move_id"], ["moves.tenant_id", "moves.id"], ondelete="CASCADE"),
        ForeignKeyConstraint(["tenant_id", "account_id"], ["accounts.tenant_id", "accounts.id"], ondelete="CASCADE"),
        Index("uq_move_subjects_account", "tenant_id", "move_id", "account_id", unique=True),
        Index("uq_move_subjects_subject", "tenant_id", "move_id", "issuer", "subject", unique=True),
    )

    move_id: Mapped[str] = mapped_column(String(80))
    account_id: Mapped[str] = mapped_column(String(80))
    issuer: Mapped[str] = mapped_column(String(255))
    subject: Mapped[str] = mapped_column(String(255))
    linked_at: Mapped[datetime | None]


IS_OPEN = and_(Move.finished_at.is_(None), Move.undone_at.is_(None))
MOVE_TO = scoped(select(Move.id).where(Move.to_id == bindparam("connection_id"), IS_OPEN).limit(1))
"""Whether people move to this connection now."""
MAPPED_ACCOUNT = scoped(
    select(MoveSubject.id, MoveSubject.account_id, Move.from_id, Account.email)
    .join(Move, and_(Move.tenant_id == MoveSubject.tenant_id, Move.id == MoveSubject.move_id))
    .join(Account, and_(Account.tenant_id == MoveSubject.tenant_id, Account.id == MoveSubject.account_id))
    .where(
        Move.to_id == bindparam("connection_id"),
        IS_OPEN,
        MoveSubject.issuer == bindparam("issuer"),
        MoveSubject.subject == bindparam("subject"),
        MoveSubject.linked_at.is_(None),
    )
    .limit(1)
)
"""Whom an uploaded row says that this subject is, while the move is open and nobody has used the row."""
USE_MAPPED = scoped(
    update(MoveSubject)
    .where(MoveSubject.id == bindparam("row_id"), MoveSubject.linked_at.is_(None))
    .values(linked_at=bindparam("now"))
)
"""The row count says whether this sign-in is the one that used it."""
