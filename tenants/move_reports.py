"""Who has to move, who can be matched beforehand, and who has moved: read in batches, each on its own."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import select

from tenants.accounts import Account, AccountState
from tenants.addresses import AddressError, normalise_address
from tenants.db import TenantDatabase, TenantSession
from tenants.identities import Identity
from tenants.moves import Move, MoveSubject
from tenants.routing_domains import DomainRule, find_rule

_PAGE = 500


class Match(StrEnum):
    """How an account is found when its owner first arrives at the new provider."""

    MOVED = "moved"
    """It has a way there already."""
    MAP = "map"
    """An uploaded row says as whom they arrive."""
    ADDRESS = "address"
    """By its address, whose domain is proven and goes along."""
    NOTHING = "nothing"
    """Only if the provider sends the same address, and its owner proves the account."""


@dataclass(frozen=True, slots=True)
class Mover:
    """One account that has a way by the old connection."""

    id: str
    email: str
    state: str
    role: str | None
    last_login_at: datetime | None
    match: Match


@dataclass(frozen=True, slots=True)
class Report:
    """What a move is judged by; `keys` are those of both connections."""

    move: Move
    keys: frozenset[str]
    rules: tuple[DomainRule, ...]

    def movers(self, database: TenantDatabase) -> Iterator[Mover]:
        """Every account with an identity at the old connection, whatever its state; those that were deleted count no more."""
        after = ""
        while True:
            with database.reading() as session:
                ids = self._page(session, after)
                found = self._judged(session, ids)
            yield from found
            if len(ids) < _PAGE:
                return
            after = ids[-1]

    def _page(self, session: TenantSession, after: str) -> Sequence[str]:
        ours = select(Identity.account_id).where(Identity.connection_id == self.move.from_id, Identity.account_id > after)
        return session.scalars(ours.distinct().order_by(Identity.account_id).limit(_PAGE)).all()

    def _judged(self, session: TenantSession, ids: Sequence[str]) -> list[Mover]:
        kept = select(Account).where(Account.id.in_(ids), Account.state != AccountState.DELETED.value).order_by(Account.id)
        there = accounts_at(session, self.move.to_id, ids)
        rows = select(MoveSubject.account_id).where(
            MoveSubject.move_id == self.move.id, MoveSubject.account_id.in_(ids), MoveSubject.linked_at.is_(None)
        )
        mapped = set(session.scalars(rows))
        return [
            Mover(one.id, one.email, one.state, one.role, one.last_login_at, self._match(one, there, mapped))
            for one in session.scalars(kept)
        ]

    def _match(self, account: Account, there: Collection[str], mapped: Collection[str]) -> Match:
        if account.id in there:
            return Match.MOVED
        if account.id in mapped:
            return Match.MAP
        return Match.ADDRESS if self._is_proven(account.email) else Match.NOTHING

    def _is_proven(self, email: str) -> bool:
        try:
            rule = find_rule(normalise_address(email).domain, self.rules)
        except AddressError:
            return False
        return rule is not None and rule.is_trusted and rule.connection in self.keys


def accounts_at(session: TenantSession, connection_id: str, account_ids: Collection[str]) -> set[str]:
    """Which of these accounts have a way by a connection."""
    wanted = select(Identity.account_id).where(Identity.connection_id == connection_id, Identity.account_id.in_(account_ids))
    return set(session.scalars(wanted))
