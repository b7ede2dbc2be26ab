"""Bulk actions and imports as rows: planned first, looked at, then done; so that they can be left and found again.

A job belongs to the admin who planned it. Its rows are the people whom it is about, each with its outcome.
"""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKeyConstraint, Index, Integer, String, bindparam, insert, select, update
from sqlalchemy.orm import Mapped, mapped_column

from tenants.base import Base, TenantScoped
from tenants.statements import scoped

KEEP = timedelta(days=2)
"""So long a plan waits for a yes, and its outcome is shown."""
MAX_PEOPLE = 20_000
"""Whom one job may be about."""
LEASE = timedelta(minutes=1)
IMPORT = "import"


class JobState(StrEnum):
    """Where a job stands."""

    READY = "ready"
    """Planned, and shown for a yes."""
    RUNNING = "running"
    DONE = "done"


class Outcome(StrEnum):
    """What becomes of one row."""

    WAITING = "waiting"
    REFUSED = "refused"
    SAME = "same"
    """Nothing is to be changed."""
    DONE = "done"
    FAILED = "failed"


class PeopleJob(TenantScoped, Base):
    """One bulk action or import."""

    __tablename__ = "people_jobs"
    __table_args__ = (Index("ix_people_jobs_expires_at", "expires_at"), Index("ix_people_jobs_state", "state"))

    kind: Mapped[str] = mapped_column(String(30))
    """`import`, or the bulk action's name."""
    state: Mapped[str] = mapped_column(String(20))
    account_id: Mapped[str] = mapped_column(String(80))
    """Who planned it."""
    facts: Mapped[dict[str, Any]] = mapped_column(default=dict)
    """What the plan came to: outcome → how many; for an import the file's name too."""
    total: Mapped[int]
    done: Mapped[int] = mapped_column(default=0)
    """Rows that are dealt with."""
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    leased_until: Mapped[datetime | None]
    """Until then one process works on it."""


class PeopleJobRow(TenantScoped, Base):
    """One person of a job. The id begins with the job's and ends with the position, so that rows come in their order."""

    __tablename__ = "people_job_rows"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "job_id"], ["people_jobs.tenant_id", "people_jobs.id"], ondelete="CASCADE"),
        Index("ix_people_job_rows_position", "tenant_id", "job_id", "position"),
        Index("ix_people_job_rows_outcome", "tenant_id", "job_id", "outcome", "position"),
    )

    job_id: Mapped[str] = mapped_column(String(80))
    position: Mapped[int]
    """Of an import: the row in the sheet."""
    email: Mapped[str] = mapped_column(String(254))
    account_id: Mapped[str | None] = mapped_column(String(80))
    outcome: Mapped[str] = mapped_column(String(20))
    detail: Mapped[dict[str, Any]] = mapped_column(default=dict)
    """What is to be written, or why not."""


ADD_JOB = scoped(insert(PeopleJob))
ADD_JOB_ROW = scoped(insert(PeopleJobRow))
JOB = scoped(select(*PeopleJob.__table__.c).where(PeopleJob.id == bindparam("job")))
OWN_JOBS = scoped(
    select(*PeopleJob.__table__.c)
    .where(PeopleJob.account_id == bindparam("account"), PeopleJob.expires_at > bindparam("now"))
    .order_by(PeopleJob.created_at.desc(), PeopleJob.id)
    .limit(10)
)
JOB_ROWS = scoped(
    select(*PeopleJobRow.__table__.c)
    .where(PeopleJobRow.job_id == bindparam("job"), PeopleJobRow.position > bindparam("after"))
    .order_by(PeopleJobRow.position)
    .limit(bindparam("count", type_=Integer))
)
JOB_ROWS_OF = scoped(
    select(*PeopleJobRow.__table__.c)
    .where(
        PeopleJobRow.job_id == bindparam("job"),
        PeopleJobRow.outcome == bindparam("which"),
        PeopleJobRow.position > bindparam("after"),
    )
    .order_by(PeopleJobRow.position)
    .limit(bindparam("count", type_=Integer))
)
"""Those with one outcome."""
START_JOB = scoped(
    update(PeopleJob)
    .where(PeopleJob.id == bindparam("job"), PeopleJob.state == JobState.READY.value, PeopleJob.expires_at > bindparam("now"))
    .values(state=JobState.RUNNING.value, leased_until=None, expires_at=bindparam("until"))
)
"""Of two who say yes at once, one starts it."""
FINISH_IMPORT = scoped(
    update(PeopleJob)
    .where(PeopleJob.id == bindparam("job"), PeopleJob.state == JobState.READY.value, PeopleJob.expires_at > bindparam("now"))
    .values(state=JobState.DONE.value, finished_at=bindparam("now"), done=PeopleJob.total, expires_at=bindparam("until"))
)
LEASE_JOB = scoped(
    update(PeopleJob)
    .where(
        PeopleJob.id == bindparam("job"),
        PeopleJob.state == JobState.RUNNING.value,
        (PeopleJob.leased_until.is_(None)) | (PeopleJob.leased_until <= bindparam("now")),
    )
    .values(leased_until=bindparam("until"))
)
KEEP_LEASE = scoped(
    update(PeopleJob)
    .where(PeopleJob.id == bindparam("job"))
    .values(leased_until=bindparam("until"), done=bindparam("so_far", type_=Integer))
)
FINISH_JOB = scoped(
    update(PeopleJob)
    .where(PeopleJob.id == bindparam("job"), PeopleJob.state == JobState.RUNNING.value)
    .values(state=JobState.DONE.value, finished_at=bindparam("now"), leased_until=None, done=PeopleJob.total)
)
SETTLE_ROW = scoped(
    update(PeopleJobRow)
    .where(PeopleJobRow.id == bindparam("row"), PeopleJobRow.outcome == Outcome.WAITING.value)
    .values(outcome=bindparam("now_is"), detail=bindparam("said", type_=PeopleJobRow.__table__.c.detail.type))
)
DROP_JOB = scoped(
    update(PeopleJob)
    .where(PeopleJob.id == bindparam("job"), PeopleJob.state == JobState.READY.value)
    .values(expires_at=bindparam("now"))
)
