"""What a session remembers of the identity provider that it began at: whose sign-out ends it, and what ours needs there."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from flask import g
from sqlalchemy import Row

from broker.upstream.kind import Assertion, UpstreamSession
from broker.wiring import the_broker
from tenants.upstream_sessions import kept_name, kept_sid
from tenants.vault import Place, VaultError


@dataclass(frozen=True, slots=True)
class CameBy:
    """By which identity somebody came; all None: not from an identity provider. `sid` and `name` as they are stored."""

    identity_id: str | None = None
    sid: str | None = None
    name: str | None = None
    not_after: datetime | None = None
    """When the session ends there; ours lasts no longer (security.md, SE-11)."""
    hint: Mapping[str, str] = field(default_factory=dict, repr=False)
    groups_missing: str = ""
    """As the provider's kind said of this very sign-in; no session keeps it."""

    @classmethod
    def of_attempt(cls, row: Any) -> "CameBy":
        """What `kept_for_session` left in a login transaction's row."""
        if not row.identity_id:
            return cls()
        kept = _opened(row.upstream_sealed, _place("login_transactions", row.id)).get("session", {})
        if "not_after" in kept:
            kept["not_after"] = datetime.fromisoformat(kept["not_after"])
        return cls(row.identity_id, **kept)

    @classmethod
    def of_session(cls, row: Row[Any]) -> "CameBy":
        """The same person goes on in a new session: what the row of the one before holds."""
        return cls(row.identity_id, row.upstream_sid, row.upstream_name, None, hint_of(row))

    def columns(self, session_id: str) -> dict[str, object]:
        """How it stands in the row of a session."""
        place = _place("sessions", session_id)
        return {
            "identity_id": self.identity_id,
            "upstream_sid": self.sid,
            "upstream_name": self.name,
            "upstream_sealed": the_broker().vault.seal(json.dumps(dict(self.hint)), place) if self.hint else None,
        }


def kept_for_session(connection_id: str, transaction_id: str, assertion: Assertion) -> str | None:
    """Sealed for the attempt's row, as further steps may come before the session; None: there is nothing to keep."""
    return _kept(connection_id, _place("login_transactions", transaction_id), assertion)


def kept_for_link(connection_id: str, link_id: str, assertion: Assertion) -> str | None:
    """The same for the row of a link that waits: its attempt goes another way meanwhile."""
    return _kept(connection_id, _place_in_link(link_id), assertion)


def taken_from_link(pending: Row[Any], transaction_id: str) -> str | None:
    """What waited with the link, sealed for the attempt's row."""
    kept = _opened(pending.session_sealed, _place_in_link(pending.id))
    return the_broker().vault.seal(json.dumps(kept), _place("login_transactions", transaction_id)) if kept else None


def _kept(connection_id: str, place: Place, assertion: Assertion) -> str | None:
    there = assertion.session or UpstreamSession()
    name = kept_name(connection_id, there.name)
    session: dict[str, object] = {
        "sid": kept_sid(there.sid),
        "name": name,
        "hint": dict(there.hint),
        "groups_missing": assertion.groups_missing,
    }
    if there.not_after is not None:
        session["not_after"] = there.not_after.isoformat()
    if not any(session.values()):
        return None
    return the_broker().vault.seal(json.dumps({"session": session}), place)


def hint_of(row: Row[Any]) -> dict[str, str]:
    """What a sign-out at the provider needs of this session; empty where nothing was kept, or it does not open any more."""
    return _opened(row.upstream_sealed, _place("sessions", row.id))


def _opened(sealed: str | None, place: Place) -> dict[str, Any]:
    try:
        opened: dict[str, Any] = json.loads(the_broker().vault.open(sealed, place)) if sealed else {}
    except VaultError:
        return {}
    return opened


def _place(table: str, row_id: str) -> Place:
    return Place(g.tenant.id, table, "upstream_sealed", row_id)


def _place_in_link(link_id: str) -> Place:
    return Place(g.tenant.id, "pending_links", "session_sealed", link_id)
