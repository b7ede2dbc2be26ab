"""Metadata of SAML identity providers that is fetched: at first need, and again every four hours (security.md, SU-24).

The last good copy stays in use while the address fails, or says something that an admin has to decide about. No
transaction is open while the address is asked; of two processes that asked at once, the first to write counts. The
scheduled part shares a thread with the mails, so it waits for an answer less long than who signs in.
"""

from collections import deque
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from time import monotonic
from typing import Any

import structlog
from sqlalchemy import Row
from sqlalchemy.exc import IntegrityError

from broker.daily import ASKING_SECONDS, SLICE_SECONDS
from broker.ports import Http
from broker.upstream.saml_parts.options import SamlOptions
from broker.upstream.saml_parts.provider import MAX_METADATA, UnsafeAddress, from_metadata
from broker.wiring import Broker
from tenants.audit import Event, append
from tenants.causes import Cause, UpstreamFailure
from tenants.connections import Connection
from tenants.db import TenantSession
from tenants.ids import digest
from tenants.metadata_changes import EVERY, SENTENCES, Description, Judgement, Verdict, Why, judge, next_try
from tenants.outbox import add_mail
from tenants.recipients import OTHER_ADMINS
from tenants.saml_metadata import ADD_METADATA, BATCH, CHANGE_METADATA, DELAY_METADATA, FORGET_METADATA, METADATA_OF, lease_due
from tenants.snapshot import ConnectionConfig
from tenants.tenants import TENANT_BY_ID, TenantStatus

log = structlog.get_logger()

_PATIENCE = 5.0
"""Seconds for an answer that somebody waits for."""
_SHOWN_KEYS = 5
_NOTHING: dict[str, Any] = {"proposed": None, "proposed_at": None, "proposed_why": None}


@dataclass(frozen=True, slots=True)
class Followed:
    """A connection whose provider's metadata is followed."""

    tenant_id: str
    id: str
    key: str
    label: str
    options: SamlOptions

    @property
    def url(self) -> str:
        return self.options.metadata_url or ""

    @classmethod
    def of(cls, tenant_id: str, connection: Connection | ConnectionConfig) -> "Followed | None":
        """None: nothing is fetched for it."""
        if connection.kind != "saml" or not connection.options.get("metadata_url"):
            return None
        return cls(tenant_id, connection.id, connection.key, connection.label, SamlOptions(**connection.options))


@dataclass(frozen=True, slots=True)
class _Answer:
    """What the address said: a document and what it describes, or what was wrong with it."""

    document: str | None = None
    description: Description | None = None
    judgement: Judgement | None = None
    fault: str | None = None


def first_document(broker: Broker, followed: Followed) -> str:
    """The document, from another process that has it already or from the address. Raises UpstreamFailure."""
    row = row_of(broker, followed)
    if row is None or row.document is None:
        row = refresh(broker, followed)
    if row is not None and row.document is not None:
        return str(row.document)
    if row is None or row.fault is None:
        raise UpstreamFailure(Cause.CONNECTION_MISCONFIGURED, "the provider's metadata waits for an admin's word")
    raise UpstreamFailure(Cause.UPSTREAM_UNREACHABLE, "metadata", description=row.fault)


def row_of(broker: Broker, followed: Followed) -> Row[Any] | None:
    """What is known from this very address; what another one has said counts for nothing."""
    with broker.db.tenant(followed.tenant_id).reading() as db:
        row = db.one(METADATA_OF, connection=followed.id)
    return row if row is not None and row.url == followed.url else None


def fetch(url: str, http: Http, timeout: float = _PATIENCE) -> str:
    """Ask the address now. Raises UpstreamFailure with a sentence for the admin as its detail."""
    reply = http.request("GET", url, max_bytes=MAX_METADATA, timeout=timeout)
    if reply.status != 200:
        raise UpstreamFailure(Cause.UPSTREAM_UNREACHABLE, f"the address answers with the status {reply.status}")
    try:
        return reply.body.decode("utf-8")
    except UnicodeDecodeError:
        raise UpstreamFailure(Cause.UPSTREAM_UNREACHABLE, "what the address answers is no text in UTF-8") from None


def refresh(broker: Broker, followed: Followed, *, timeout: float = _PATIENCE) -> Row[Any] | None:
    """Ask the address and write down what becomes of its answer. Returns the row as it is then."""
    now = broker.ports.clock.now()
    with broker.db.tenant(followed.tenant_id).reading() as db:
        row = db.one(METADATA_OF, connection=followed.id)
    known = row if row is not None and row.url == followed.url else None
    answer = _asked(broker.ports.http, followed, known.document if known else None, now, timeout)
    is_news = _is_news(answer, known)
    values = _values(answer, followed, known, now, is_news=is_news)
    with suppress(IntegrityError), broker.db.tenant(followed.tenant_id).writing() as db:
        if row is None:
            db.run(ADD_METADATA, id=followed.id, **values)
        elif not db.run(CHANGE_METADATA, connection=followed.id, seen_at=row.checked_at, **values):
            return row_of(broker, followed)
        if is_news and answer.judgement is not None:
            _tell(db, broker, followed, answer.judgement, now, is_first=known is None or known.document is None)
    return row_of(broker, followed)


def _asked(http: Http, followed: Followed, before: str | None, now: datetime, timeout: float) -> _Answer:
    try:
        document = fetch(followed.url, http, timeout)
        new = followed.options.with_document(document).provider.description
    except UpstreamFailure as failure:
        return _Answer(fault=failure.detail[:300])
    except UnsafeAddress:
        return _Answer(document, None, Judgement(Verdict.PROPOSED, Why.ADDRESS))
    except ValueError as error:
        return _Answer(fault=f"the metadata {error}"[:300])
    return _Answer(document, new, judge(described(before), new, now, is_first=before is None))


def described(document: str | None) -> Description | None:
    """What a stored document says, whether or not it fits the options of today; None where it can't be read."""
    with suppress(ValueError):
        return from_metadata(document).description if document else None
    return None


def usable(followed: Followed, document: str | None) -> Description | None:
    """The same of one that people can sign in by; None also where a change of the options has made it useless."""
    with suppress(ValueError):
        return followed.options.with_document(document).provider.description if document else None
    return None


def _is_news(answer: _Answer, known: Row[Any] | None) -> bool:
    """Does anybody have to hear of it? Not of the same proposal every four hours."""
    if answer.judgement is None or answer.judgement.verdict is Verdict.SAME:
        return False
    if answer.judgement.verdict is Verdict.TAKEN or known is None:
        return True
    is_waiting = known.proposed is not None and mark_of(known.proposed) == _mark(answer)
    return not is_waiting and known.rejected_mark != _mark(answer)


def _values(answer: _Answer, followed: Followed, known: Row[Any] | None, now: datetime, *, is_news: bool) -> dict[str, Any]:
    """The columns after this answer. `known` None: nothing of what was there stays."""
    failures = (known.failures if known else 0) + 1 if answer.fault else 0
    values: dict[str, Any] = {
        "url": followed.url,
        "checked_at": now,
        "due_at": next_try(failures, now),
        "failures": failures,
        "fault": answer.fault,
    }
    if known is None:
        values |= _NOTHING | {"document": None, "fetched_at": None, "rejected_mark": None}
    if answer.judgement is None:
        return values
    if answer.judgement.verdict is not Verdict.PROPOSED:
        return values | _NOTHING | {"document": answer.document, "fetched_at": now, "rejected_mark": None}
    if is_news:
        why = answer.judgement.why
        return values | {"proposed": answer.document, "proposed_at": now, "proposed_why": why.value if why else None}
    return values | _NOTHING if known is not None and known.rejected_mark == _mark(answer) else values


def _mark(answer: _Answer) -> str:
    return answer.description.mark if answer.description else digest(answer.document or "")


def mark_of(document: str | None) -> str:
    """By which a proposal is known again, however it is written down."""
    description = described(document)
    return description.mark if description else digest(document or "")


def _tell(
    db: TenantSession, broker: Broker, followed: Followed, judgement: Judgement, now: datetime, *, is_first: bool
) -> None:
    """Audit and mail what has changed, within the transaction that changes it."""
    if judgement.verdict is Verdict.TAKEN:
        note_taken(db, broker, followed, judgement, now, is_first=is_first)
        return
    detail = facts_of(followed, judgement)
    append(db, Event.KEYS_PROPOSED, at=now, connection_id=followed.id, detail=detail)
    _mail(db, broker, "proposed", detail, now)


def note_taken(
    db: TenantSession,
    broker: Broker,
    followed: Followed,
    judgement: Judgement,
    now: datetime,
    *,
    is_first: bool = False,
    by: str = "schedule",
) -> None:
    """It counts from now on, in every process."""
    detail = facts_of(followed, judgement)
    db.touch_configuration()
    append(db, Event.METADATA_TAKEN, at=now, connection_id=followed.id, detail=detail | {"by": by})
    if not is_first:
        _mail(db, broker, "taken", detail, now)


def facts_of(followed: Followed, judgement: Judgement) -> dict[str, str]:
    """What the audit log and a mail say of it."""
    return {
        "connection": followed.key,
        "label": followed.label,
        "address": followed.url,
        "why": judgement.why.value if judgement.why else "",
        "reason": SENTENCES[judgement.why] if judgement.why else "",
        "added": shown_keys(judgement.added),
        "removed": shown_keys(judgement.removed),
    }


def shown_keys(keys: tuple[str, ...]) -> str:
    """The first digits of each."""
    more = f" and {len(keys) - _SHOWN_KEYS} more" if len(keys) > _SHOWN_KEYS else ""
    return ", ".join(key[:16] for key in keys[:_SHOWN_KEYS]) + more


def _mail(db: TenantSession, broker: Broker, what: str, detail: dict[str, str], now: datetime) -> None:
    facts = {name: detail[name] for name in ("connection", "label", "address", "why", "added", "removed")}
    for admin in db.all(OTHER_ADMINS, account="", now=now):
        add_mail(db, broker.vault, admin.email, "provider_keys", facts | {"what": what, "at": now.isoformat()}, now)


class MetadataRounds:
    """The scheduled part: asks what is due, in slices, so that mails do not wait for long."""

    def __init__(self) -> None:
        self._leased: deque[tuple[str, str]] = deque()
        self._was_full = False

    def work(self, broker: Broker) -> bool:
        """A slice of it. Says whether there is more."""
        if not self._leased:
            self._leased.extend(lease_due(broker.db, broker.ports.clock.now()))
            self._was_full = len(self._leased) == BATCH
        pause_at = monotonic() + SLICE_SECONDS
        while self._leased and monotonic() < pause_at:
            tenant_id, connection_id = self._leased.popleft()
            try:
                refresh_due(broker, tenant_id, connection_id)
            except Exception as error:
                # One connection's failure is logged, and the others go on.
                log.error("metadata_failed", connection=connection_id, exc_info=error)
                _put_off(broker, tenant_id, connection_id)
        return bool(self._leased) or self._was_full


def refresh_due(broker: Broker, tenant_id: str, connection_id: str) -> None:
    """Ask for one connection, unless its tenant is suspended or it has no such address any more."""
    tenant = broker.db.look_up(TENANT_BY_ID, tenant_id=tenant_id)
    if not tenant or tenant[0].status != TenantStatus.ACTIVE:
        _put_off(broker, tenant_id, connection_id)
        return
    database = broker.db.tenant(tenant_id)
    with database.reading() as db:
        connection = db.get(Connection, (tenant_id, connection_id))
    followed = Followed.of(tenant_id, connection) if connection is not None else None
    if followed is not None:
        refresh(broker, followed, timeout=ASKING_SECONDS)
        return
    with database.writing() as db:
        db.run(FORGET_METADATA, connection=connection_id)


def _put_off(broker: Broker, tenant_id: str, connection_id: str) -> None:
    """It comes again like any other. As it was leased, it would be back soon, before those that can be asked."""
    due_at = broker.ports.clock.now() + EVERY
    with broker.db.tenant(tenant_id).writing() as db:
        db.run(DELAY_METADATA, connection=connection_id, due_at=due_at)
