"""Work that one process does for the whole installation, once in a while: taken in the database, like a mail.

A job waits until `due_at`. Whoever takes it moves that on by a lease, and again while it works; a process that is killed
leaves a job that is due again when its lease ends. Jobs are such that being done twice does no harm.
"""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import String, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, mapped_column

from tenants.base import Base
from tenants.db import Database

LEASE = timedelta(minutes=10)


class JobClaim(Base):
    """One kind of work, by name."""

    __tablename__ = "job_claims"

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    due_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]


def claim(db: Database, job: str, now: datetime) -> bool:
    """Is the job due, and ours? One conditional UPDATE is the answer; the very first claim makes the row."""
    if not db.has_row(JobClaim, JobClaim.id == job):
        return _first_claim(db, job, now)
    if not db.has_row(JobClaim, (JobClaim.id == job) & (JobClaim.due_at <= now)):
        return False
    return _put(db, job, now, JobClaim.due_at <= now, due_at=now + LEASE)


def keep(db: Database, job: str, now: datetime) -> None:
    """Go on working: the lease begins anew."""
    _put(db, job, now, JobClaim.id == job, due_at=now + LEASE)


def finish(db: Database, job: str, now: datetime, due_at: datetime) -> None:
    """The work is done; it is due again then."""
    _put(db, job, now, JobClaim.id == job, due_at=due_at, finished_at=now)


def _put(db: Database, job: str, now: datetime, condition: Any, **values: datetime) -> bool:
    with db.platform(f"the job {job} is taken or done", now) as session:
        changed = session.execute(update(JobClaim).where(JobClaim.id == job, condition).values(values))
        return bool(changed.rowcount == 1)  # type: ignore[attr-defined]  # an UPDATE has it


def _first_claim(db: Database, job: str, now: datetime) -> bool:
    try:
        with db.platform(f"the job {job} is taken for the first time", now) as session:
            session.add(JobClaim(id=job, due_at=now + LEASE))
    except IntegrityError:
        # Another process was first.
        return False
    return True
