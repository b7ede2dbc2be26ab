"""What is done about a move: begin it, cut over, undo and finish it; and who is linked on the way (docs/moving.md).

Each function works within the caller's transaction. No identity is ever removed.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import NoReturn

from sqlalchemy import Select, bindparam, delete, or_, select

from tenants.accounts import LOCK_ACCOUNT
from tenants.applications import Application
from tenants.audit import Event, append
from tenants.connections import Connection, Linking
from tenants.db import Database, TenantSession
from tenants.domains import Domain
from tenants.grants import withdraw_grants
from tenants.identities import SUBJECT_OF_ACCOUNT
from tenants.ids import new_id
from tenants.linking import NewSubject, link
from tenants.moves import IS_OPEN, MAPPED_ACCOUNT, MOVE_TO, USE_MAPPED, Move, MoveSubject
from tenants.statements import scoped
from tenants.vault import Vault
from tenants.version_keeping import Keeping, VersionError

_DROP_UNUSED = scoped(delete(MoveSubject).where(MoveSubject.move_id == bindparam("move"), MoveSubject.linked_at.is_(None)))


class MoveError(ValueError):  # says what happened, as a Refusal does
    """Why something can't be done about a move: a sentence for whoever asked."""


@dataclass(frozen=True, slots=True)
class Moving:
    """The moves of one tenant while somebody works on them."""

    session: TenantSession
    vault: Vault
    by: str
    now: datetime

    def begin(self, from_key: str, to_key: str, cut_over_at: datetime | None) -> Move:
        """Begin a move; of one that goes on between the same two, change the date. Raises MoveError."""
        source, target = self._held(from_key, to_key)
        if source.id == target.id:
            _refuse("Name two connections: the one that people leave, and the one that they move to.")
        move = self.session.scalars(select(Move).where(Move.from_id == source.id, IS_OPEN).with_for_update()).first()
        if move is None:
            self._require_apart(source.id, target.id)
            move = Move(id=new_id("mov"), from_id=source.id, to_id=target.id, created_at=self.now)
            self.session.add(move)
        elif move.to_id != target.id:
            _refuse(f"People already move from {from_key} to another connection.")
        elif move.cut_at:
            _refuse("This move has been cut over already.")
        move.cut_over_at = cut_over_at
        self._note(Event.MOVE_BEGUN, move, cut_over=cut_over_at.isoformat() if cut_over_at else "")
        return move

    def get(self, from_key: str) -> Move:
        """The move that goes on from this connection, locked. Raises MoveError."""
        source = self._connection(from_key)
        move = self.session.scalars(select(Move).where(Move.from_id == source.id, IS_OPEN).with_for_update()).first()
        return move or _refuse(f"Nobody moves from {from_key} now. `broker move begin` begins a move.")

    def cut_over(self, move: Move) -> tuple[str, ...]:
        """Switch the old connection off, and send its domains to the new one. Returns their names. Raises MoveError."""
        if move.cut_at is not None:
            _refuse("This move has been cut over already.")
        for obstacle in self.obstacles(move):
            _refuse(obstacle)
        source, _ = self.ends(move)
        move.was_enabled = self._switch(source.key, on=False)
        moved = self._send(select(Domain).where(Domain.connection_id == move.from_id).order_by(Domain.name), move.to_id)
        move.cut_at, move.moved_domains = self.now, list(moved)
        self._note(Event.MOVE_CUT_OVER, move, domains=", ".join(moved))
        return moved

    def undo(self, move: Move) -> tuple[str, ...]:
        """End a move: the old connection is as it was, and has its domains back; who was linked stays so. Raises MoveError."""
        source, _ = self.ends(move)
        back: tuple[str, ...] = ()
        if move.cut_at is not None:
            if move.was_enabled:
                self._switch(source.key, on=True)
            # One that was sent elsewhere meanwhile stays there.
            ours = select(Domain).where(Domain.connection_id == move.to_id, Domain.name.in_(move.moved_domains))
            back = self._send(ours.order_by(Domain.name), move.from_id)
        move.undone_at = self.now
        self._close(Event.MOVE_UNDONE, move, domains=", ".join(back))
        return back

    def finish(self, move: Move) -> None:
        """End a move that was cut over: uploaded rows are forgotten, and what the old connection gave. Raises MoveError."""
        if move.cut_at is None:
            _refuse("The old connection is still on. `broker move cut-over` switches it off, `broker move undo` ends the move.")
        move.finished_at = self.now
        self._close(Event.MOVE_FINISHED, move)
        withdraw_grants(self.session, move.from_id, self.now)

    def ends(self, move: Move) -> tuple[Connection, Connection]:
        """The connection that people leave, and the one that they move to."""
        source = self.session.get_one(Connection, (self.session.tenant_id, move.from_id))
        return source, self.session.get_one(Connection, (self.session.tenant_id, move.to_id))

    def obstacles(self, move: Move) -> list[str]:
        """What stands against cutting over now."""
        source, target = self.ends(move)
        found = [] if target.is_enabled else [f"{target.key} is switched off: nobody could enter by it."]
        for row in self.session.scalars(select(Application).order_by(Application.key)):
            if source.key in row.accepted_connections and target.key not in row.accepted_connections:
                found.append(f"The application {row.key} accepts {source.key} and not {target.key}.")
        return found

    def _switch(self, key: str, *, on: bool) -> bool:
        """False: it was so."""
        row = self.session.scalars(select(Connection).where(Connection.key == key).with_for_update()).one()
        try:
            return Keeping(self.session, self.vault, self.by, self.now).switch(row, on=on)
        except VersionError as error:
            raise MoveError(str(error)) from None

    def _send(self, domains: Select[Domain], connection_id: str) -> tuple[str, ...]:
        rows = self.session.scalars(domains).all()
        for row in rows:
            row.connection_id = connection_id
        self.session.touch_configuration()
        return tuple(row.name for row in rows)

    def _connection(self, key: str) -> Connection:
        row = self.session.scalars(select(Connection).where(Connection.key == key)).first()
        return row or _refuse(f"There is no connection {key} in this tenant.")

    def _held(self, *keys: str) -> list[Connection]:
        """They stay until the transaction ends, and two who begin a move of them come one after the other.

        Locked in one order, whichever way people move. Raises MoveError for one that is being deleted.
        """
        these = select(Connection).where(Connection.key.in_(keys)).order_by(Connection.id).with_for_update()
        rows = {row.key: row for row in self.session.scalars(these)}
        return [rows.get(key) or _refuse(f"There is no connection {key} in this tenant.") for key in keys]

    def _require_apart(self, from_id: str, to_id: str) -> None:
        """Moves in a row, or in a ring, come one after the other."""
        touching = select(Move.id).where(IS_OPEN, or_(Move.from_id == to_id, Move.to_id == from_id))
        if self.session.scalars(touching.limit(1)).first() is not None:
            _refuse("One of the two is part of another move. Finish or undo that one first.")

    def _close(self, event: Event, move: Move, **detail: str) -> None:
        self.session.flush()
        self.session.run(_DROP_UNUSED, move=move.id)
        self._note(event, move, **detail)

    def _note(self, event: Event, move: Move, **detail: str) -> None:
        source, target = self.ends(move)
        self.session.flush()
        names = {"from": source.key, "to": target.key, "by": self.by}
        append(self.session, event, at=self.now, connection_id=source.id, detail=names | detail)


def due_moves(db: Database, now: datetime) -> list[tuple[str, str]]:
    """Tenant and key of every connection that is to be left by now and is not yet. Looks before it crosses tenants."""
    is_due = IS_OPEN & Move.cut_at.is_(None) & (Move.cut_over_at <= now)
    if not db.has_row(Move, is_due):
        return []
    left = (Connection.tenant_id == Move.tenant_id) & (Connection.id == Move.from_id)
    with db.platform("moves are cut over on their date", now) as session:
        found = session.execute(select(Move.tenant_id, Connection.key).join(Connection, left).where(is_due)).all()
    return [(row.tenant_id, row.key) for row in found]


def is_mapped(db: TenantSession, connection_id: str, issuer: str, subject: str) -> bool:
    """Does an uploaded row say who this subject is?"""
    return db.one(MAPPED_ACCOUNT, connection_id=connection_id, issuer=issuer, subject=subject) is not None


def link_mapped(db: TenantSession, new: NewSubject, now: datetime, reference: str | None) -> str | None:
    """Link a subject by the uploaded row about it, which is used up by that. Returns the account's address, or None.

    A row holds for an account that has a way by the old connection and none by the new one, so that a move never gives
    the new provider more accounts than the old one had.
    """
    row = db.one(MAPPED_ACCOUNT, connection_id=new.connection_id, issuer=new.issuer, subject=new.subject)
    if row is None:
        return None
    db.one(LOCK_ACCOUNT, account=row.account_id)
    came_from = db.one(SUBJECT_OF_ACCOUNT, account_id=row.account_id, connection_id=row.from_id)
    is_there = db.one(SUBJECT_OF_ACCOUNT, account_id=row.account_id, connection_id=new.connection_id)
    if came_from is None or is_there is not None or not db.run(USE_MAPPED, row_id=row.id, now=now):
        return None
    link(db, row.account_id, new, now, how="moved", reference=reference)
    return str(row.email)


def linking_now(db: TenantSession, connection_id: str, linking: Linking) -> Linking:
    """How a connection links: while people move to it, whoever has an account may prove it, whatever holds otherwise."""
    if linking is Linking.NEVER and db.one(MOVE_TO, connection_id=connection_id) is not None:
        return Linking.ASK
    return linking


def _refuse(sentence: str) -> NoReturn:
    raise MoveError(sentence)
