"""An admin's word on metadata that waits for one (SU-24): whoever holds its keys can sign in as anybody of the connection."""

from typing import Any

from sqlalchemy import Row

from broker.provider_metadata import Followed, described, mark_of, note_taken, usable
from broker.wiring import Broker
from tenants.audit import Event, append
from tenants.metadata_changes import Judgement, Verdict, judge
from tenants.saml_metadata import DECIDE_METADATA

_DECIDED: dict[str, Any] = {"proposed": None, "proposed_at": None, "proposed_why": None}
_MEANWHILE = "It has changed meanwhile. Look again."


class DecisionError(ValueError):
    """Why nothing was decided: a sentence for whoever did."""


def accept(broker: Broker, followed: Followed, row: Row[Any], by: str) -> None:
    """What is proposed counts from now on. Raises DecisionError."""
    new, before, now = usable(followed, row.proposed), described(row.document), broker.ports.clock.now()
    if new is None:
        raise DecisionError("It can't be used, so it can't be taken either. Ask the provider, then have it read again.")
    found = judge(before, new, now)
    judgement = Judgement(Verdict.TAKEN, None, found.added, found.removed)
    values = _DECIDED | {"document": row.proposed, "fetched_at": now, "rejected_mark": None}
    with broker.db.tenant(followed.tenant_id).writing() as session:
        if not session.run(DECIDE_METADATA, connection=followed.id, shown_at=row.proposed_at, decided_at=now, **values):
            raise DecisionError(_MEANWHILE)
        note_taken(session, broker, followed, judgement, now, by=by)


def reject(broker: Broker, followed: Followed, row: Row[Any], by: str) -> None:
    """The same is not proposed again. Raises DecisionError."""
    mark, now = mark_of(row.proposed), broker.ports.clock.now()
    with broker.db.tenant(followed.tenant_id).writing() as session:
        values = _DECIDED | {"rejected_mark": mark}
        if not session.run(DECIDE_METADATA, connection=followed.id, shown_at=row.proposed_at, decided_at=now, **values):
            raise DecisionError(_MEANWHILE)
        detail = {"connection": followed.key, "why": row.proposed_why, "by": by}
        append(session, Event.KEYS_REJECTED, at=now, connection_id=followed.id, detail=detail)
