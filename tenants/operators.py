"""Operators: accounts of the platform, apart from every tenant, with a password and an app, and sessions of their own.

All of it in `Database.own_tables()`: none of these statements can reach a row of a tenant.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, Row, String, bindparam, select, update
from sqlalchemy.orm import Mapped, mapped_column

from tenants.addresses import Address
from tenants.base import Base
from tenants.db import OwnSession
from tenants.ids import digest, new_id, new_secret
from tenants.platform_log import Deed, note_deed
from tenants.statements import platform
from tenants.throttles import PlatformThrottle, counter_key
from tenants.vault import PLATFORM, Place

LINK_LIFE = timedelta(hours=24)
SESSION_LIFE = timedelta(hours=8)
IDLE_LIFE = timedelta(minutes=30)
SEEN_EVERY = timedelta(minutes=1)
TRIES, NETWORK_TRIES, WINDOW = 10, 30, timedelta(minutes=15)
"""Sign-ins that are counted before they are judged: for one address, and from one network address."""


class OperatorError(ValueError):  # says what happened, as a Refusal does
    """Why something can't be done with an operator: a sentence."""


class Operator(Base):
    """Somebody who runs the installation. Before the set-up there is a link, and nothing to sign in with."""

    __tablename__ = "operators"
    __table_args__ = (
        Index("uq_operators_email_key", "email_key", unique=True),
        Index("uq_operators_link_hash", "link_hash", unique=True),
    )

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    email: Mapped[str | None] = mapped_column(String(320))
    """None: the first one, who says at the set-up who they are."""
    email_key: Mapped[str | None] = mapped_column(String(254))
    name: Mapped[str] = mapped_column(String(200), default="")
    password_hash: Mapped[str | None] = mapped_column(String(200))
    totp_sealed: Mapped[str | None]
    last_step: Mapped[int | None] = mapped_column(BigInteger)
    is_disabled: Mapped[bool] = mapped_column(default=False)
    link_hash: Mapped[str | None] = mapped_column(String(64))
    link_expires_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    set_up_at: Mapped[datetime | None]
    last_login_at: Mapped[datetime | None]


class OperatorSession(Base):
    """A session; `id` is the hash of what its cookie holds."""

    __tablename__ = "operator_sessions"
    __table_args__ = (Index("ix_operator_sessions_operator", "operator_id"),)

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    operator_id: Mapped[str] = mapped_column(String(40), ForeignKey("operators.id", ondelete="CASCADE"))
    created_at: Mapped[datetime]
    proven_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    address: Mapped[str] = mapped_column(String(45), default="")


OPERATOR_OF_ADDRESS = platform(select(*Operator.__table__.c).where(Operator.email_key == bindparam("email_key")))
OPERATOR_OF_LINK = platform(
    select(*Operator.__table__.c).where(
        Operator.link_hash == bindparam("link"), Operator.link_expires_at > bindparam("now"), ~Operator.is_disabled
    )
)
SESSION_OF_COOKIE = platform(
    select(*OperatorSession.__table__.c, Operator.email, Operator.name)
    .join(Operator, Operator.id == OperatorSession.operator_id)
    .where(OperatorSession.id == bindparam("cookie"), OperatorSession.expires_at > bindparam("now"), ~Operator.is_disabled)
)
ALL_OPERATORS = platform(select(*Operator.__table__.c).order_by(Operator.created_at, Operator.id).limit(500))
IS_ANYBODY_SET_UP = platform(select(Operator.id).where(Operator.set_up_at.is_not(None), ~Operator.is_disabled).limit(1))


@dataclass(frozen=True, slots=True)
class By:
    """Who does something, and from where: an operator, or whoever has the command line (`id` None)."""

    id: str | None = None
    address: str | None = None


def place_of_seed(operator_id: str) -> Place:
    """Where an operator's seed stands: what its seal is bound to."""
    return Place(PLATFORM, Operator.__tablename__, "totp_sealed", operator_id)


def invite_operator(own: OwnSession, address: Address | None, now: datetime, by: By) -> str:
    """The token of a link that works once, for a day; an older one ends with it. Raises OperatorError.

    For somebody who is set up already it is the way back after a lost phone: what they had ends when it is used.
    """
    condition = Operator.email_key == address.key if address else Operator.email_key.is_(None)
    row = own.scalars(select(Operator).where(condition).with_for_update()).first()
    if row is not None and row.is_disabled:
        raise OperatorError("This operator is switched off. Switch them on first.")
    if row is None:
        text, key = (address.text, address.key) if address else (None, None)
        row = Operator(id=new_id("opr"), email=text, email_key=key, created_at=now)
        own.add(row)
    token = new_secret()
    row.link_hash, row.link_expires_at = digest(token), now + LINK_LIFE
    note(own, Deed.OPERATOR_INVITED, now, by, whom=row.email or "the first operator")
    return token


@dataclass(frozen=True, slots=True)
class Made:
    """What somebody chose at their set-up, ready to be stored."""

    name: str
    address: Address
    password_hash: str
    totp_sealed: str
    step: int


def set_up_operator(own: OwnSession, token: str, made: Made, now: datetime, by: By) -> str | None:
    """Spend the link and write what was chosen; every session of before ends. None: somebody used the link already."""
    found = select(Operator).where(Operator.link_hash == digest(token), Operator.link_expires_at > now, ~Operator.is_disabled)
    row = own.scalars(found.with_for_update()).first()
    if row is None:
        return None
    taken = own.scalars(select(Operator.id).where(Operator.email_key == made.address.key, Operator.id != row.id)).first()
    if taken is not None:
        raise OperatorError("There is an operator with this address already.")
    row.link_hash = row.link_expires_at = None
    row.email, row.email_key, row.name = made.address.text, made.address.key, made.name
    row.password_hash, row.totp_sealed, row.last_step = made.password_hash, made.totp_sealed, made.step
    row.set_up_at = now
    end_sessions(own, row.id)
    note(own, Deed.OPERATOR_SET_UP, now, By(row.id, by.address), whom=row.email)
    return row.id


def take_try(own: OwnSession, what: str, whose: str, limit: int, now: datetime) -> datetime | None:
    """Count one try, or say until when none is allowed. In a transaction of its own, before the try is judged."""
    key = counter_key(what, whose)
    row = own.get(PlatformThrottle, key, with_for_update=True)
    if row is None:
        own.add(PlatformThrottle(id=key, tries=1, window_ends_at=now + WINDOW))
        return None
    if row.window_ends_at <= now:
        row.tries, row.window_ends_at = 0, now + WINDOW
    if row.tries >= limit:
        return row.window_ends_at
    row.tries += 1
    return None


def forget_tries(own: OwnSession, what: str, whose: str) -> None:
    """After a success."""
    row = own.get(PlatformThrottle, counter_key(what, whose))
    if row is not None:
        own.delete(row)


def spend_step(own: OwnSession, operator_id: str, step: int) -> bool:
    """Consume a code's time step. False: it, or a later one, was used already."""
    is_new = Operator.last_step.is_(None) | (Operator.last_step < step)
    spent = update(Operator).where(Operator.id == operator_id, is_new, ~Operator.is_disabled).values(last_step=step)
    return bool(own.execute(spent.execution_options(synchronize_session=False)).rowcount)  # type: ignore[attr-defined]  # of a write there is one


def open_operator_session(own: OwnSession, operator_id: str, now: datetime, by: By) -> str:
    """A new session. Returns what its cookie holds."""
    secret = new_secret()
    until = now + SESSION_LIFE
    times = {"created_at": now, "proven_at": now, "last_seen_at": now, "expires_at": until}
    own.add(OperatorSession(id=digest(secret), operator_id=operator_id, address=by.address or "", **times))
    own.get_one(Operator, operator_id).last_login_at = now
    note(own, Deed.OPERATOR_SIGNED_IN, now, By(operator_id, by.address))
    return secret


def is_live(row: Row[Any], now: datetime) -> bool:
    """Has a session of SESSION_OF_COOKIE been used lately?"""
    return bool(row.last_seen_at + IDLE_LIFE > now)


def end_sessions(own: OwnSession, operator_id: str) -> None:
    """All of an operator's."""
    for row in own.scalars(select(OperatorSession).where(OperatorSession.operator_id == operator_id)):
        own.delete(row)


def switch_operator(own: OwnSession, operator_id: str, *, is_on: bool, now: datetime, by: By) -> None:
    """Switch somebody off, with their sessions and link, or on again. Raises OperatorError: the last one stays."""
    everybody = own.scalars(select(Operator).order_by(Operator.id).with_for_update()).all()
    row = next((one for one in everybody if one.id == operator_id), None)
    if row is None:
        raise OperatorError("There is no such operator.")
    if not is_on and not any(one.set_up_at and not one.is_disabled for one in everybody if one.id != operator_id):
        raise OperatorError("Nobody could sign in here any more. Invite somebody else first.")
    row.is_disabled = not is_on
    if not is_on:
        row.link_hash = row.link_expires_at = None
        end_sessions(own, row.id)
    note(own, Deed.OPERATOR_ENABLED if is_on else Deed.OPERATOR_DISABLED, now, by, whom=row.email or "")


def note(own: OwnSession, deed: Deed, now: datetime, by: By, **detail: object) -> None:
    """Into the platform's log."""
    note_deed(own, own.vault, deed, now, operator_id=by.id, address=by.address, detail=detail)
