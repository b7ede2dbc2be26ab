"""Factories of what the console plans and does with people."""

from collections.abc import Callable
from typing import Any

from tenants.base import Base
from tenants.ids import new_id
from tenants.jobs import KEEP, PeopleJob, PeopleJobRow
from tests.factories import Home, account


def people_job(home: Home, **values: Any) -> PeopleJob:
    columns = {"kind": "disable", "state": "ready", "total": 1, "created_at": home.now, "expires_at": home.now + KEEP}
    planner = values.pop("account_id", None) or account(home).id
    return home.add(PeopleJob(id=new_id("job"), account_id=planner, facts={"file": home.canary}, **(columns | values)))


def people_job_row(home: Home, **values: Any) -> PeopleJobRow:
    job = values.pop("job_id", None) or people_job(home).id
    columns = {"position": 1, "email": f"{home.canary}@{home.domain}", "outcome": "waiting"} | values
    return home.add(PeopleJobRow(id=f"{job}.{columns['position']:06d}", job_id=job, **columns))


PEOPLE_FACTORIES: dict[type[Base], Callable[[Home], Any]] = {PeopleJob: people_job, PeopleJobRow: people_job_row}
