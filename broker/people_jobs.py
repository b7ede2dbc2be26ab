"""Bulk actions that are carried out beside the requests: those that somebody said yes to, a slice at a time."""

from collections import deque
from time import monotonic

from sqlalchemy import and_, or_, select

from broker.daily import SLICE_SECONDS
from broker.wiring import Broker
from tenants.bulk_jobs import work_on
from tenants.jobs import IMPORT, JobState, PeopleJob

_AT_ONCE = 20


class BulkRounds:
    """The jobs that this process has found; one that another process works on is left to it."""

    def __init__(self) -> None:
        self._found: deque[tuple[str, str]] = deque()

    def work(self, broker: Broker) -> bool:
        """A slice of one job. Says whether there is more to do."""
        if not self._found and not self._find(broker):
            return False
        tenant, job = self._found.popleft()
        until = monotonic() + SLICE_SECONDS
        if work_on(broker.db.tenant(tenant), broker.vault, job, broker.ports.clock.now, lambda: monotonic() >= until):
            self._found.append((tenant, job))
        return bool(self._found)

    def _find(self, broker: Broker) -> bool:
        """Asked every other second, so nothing is written where nothing waits."""
        now = broker.ports.clock.now()
        is_free = or_(PeopleJob.leased_until.is_(None), PeopleJob.leased_until <= now)
        waits = and_(PeopleJob.state == JobState.RUNNING.value, PeopleJob.kind != IMPORT, is_free)
        if not broker.db.has_row(PeopleJob, waits):
            return False
        with broker.db.platform("carry out bulk actions", now) as session:
            found = select(PeopleJob.tenant_id, PeopleJob.id).where(waits).order_by(PeopleJob.created_at).limit(_AT_ONCE)
            self._found.extend((row.tenant_id, row.id) for row in session.execute(found))
        return bool(self._found)
