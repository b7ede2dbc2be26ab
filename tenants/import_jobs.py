"""Imports as jobs: prepared outside of any transaction, looked at, then written all or nothing in one (C2, PI-08)."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Row, bindparam, select, update

from tenants import jobs
from tenants.accounts import ADD_ACCOUNT, Account, AccountState
from tenants.audit import Event, append, append_each
from tenants.bulk_jobs import add_job, setting_of
from tenants.db import TenantDatabase, TenantSession
from tenants.identities import Identity
from tenants.ids import new_id
from tenants.imports import (
    Known,
    PlannedRow,
    RowOutcome,
    SheetRow,
    Surroundings,
    addresses_of,
    organization_key,
    plan_import,
    rows_of,
    untagged,
)
from tenants.jobs import IMPORT, JobState, PeopleJob
from tenants.last_admin import door_holders
from tenants.local_off import withdraw_from_some
from tenants.organization_tree import Tree, load_tree
from tenants.search_keys import name_key, surname_key
from tenants.sheets import read_sheet
from tenants.statements import scoped

_AT_ONCE = 500
_PREPARING = "preparing"
_OPEN_JOB = scoped(
    update(PeopleJob)
    .where(PeopleJob.id == bindparam("job"), PeopleJob.state == _PREPARING)
    .values(state=JobState.READY.value, facts=bindparam("counts", type_=JSON))
)
_CHANGE_ACCOUNT = scoped(
    update(Account)
    .where(Account.id == bindparam("account"))
    .values(
        name=bindparam("new_name"),
        name_key=bindparam("new_name_key"),
        surname_key=bindparam("new_surname_key"),
        organization_id=bindparam("new_organization"),
        is_local_enabled=bindparam("new_local"),
        expires_at=bindparam("new_end"),
        warned_of=None,
        warned_at=None,
    )
)


class ImportChangedError(ValueError):
    """Somebody changed an account since the import was prepared. Nothing was written."""

    def __init__(self, email: str) -> None:
        super().__init__("an account changed meanwhile")
        self.email = email


def prepare(database: TenantDatabase, content: bytes, file: str, actor_id: str, now: datetime) -> str:
    """Read a sheet and write down what would become of every row. Returns the job's id. Raises SheetError."""
    rows = rows_of(read_sheet(content))
    with database.reading() as db:
        around = surroundings_of(db, actor_id, now)
        known = _known(db, _keys_of(rows))
    planned = plan_import(rows, known, around)
    counts = Counter(one.outcome.value for one in planned) | Counter(local_off=_losing_local(planned))
    return _store(database, planned, known, dict(counts), file, actor_id, now)


def apply(database: TenantDatabase, job_id: str, actor_id: str, now: datetime) -> bool:
    """Write all rows of a job in one transaction, or none. False: it was done already, or may not be.

    Raises ImportChangedError where an account is not as it was when the import was prepared.
    """
    with database.writing() as db:
        job = db.one(jobs.JOB, job=job_id)
        if job is None or job.kind != IMPORT or job.account_id != actor_id or job.facts.get(RowOutcome.WRONG):
            return False
        if not db.run(jobs.FINISH_IMPORT, job=job_id, now=now, until=now + jobs.KEEP):
            return False
        setting = setting_of(db, actor_id, now)
        if setting.actor_role not in ("owner", "admin"):
            return False
        tree = load_tree(db)
        for rows in _batches(db, job_id):
            _write(db, rows, tree, setting.reachable, actor_id, now)
        counts = {name: job.facts.get(name, 0) for name in ("new", "changed")}
        append(db, Event.PEOPLE_IMPORTED, at=now, account_id=actor_id, detail={"file": job.facts.get("file"), **counts})
    return True


def surroundings_of(db: TenantSession, actor_id: str, now: datetime) -> Surroundings:
    """What an admin's import is held against."""
    actor, tree = db.scalars(select(Account).where(Account.id == actor_id)).one(), load_tree(db)
    reachable = tree.below(actor.admin_organization_id)
    mine = [row for row in tree.rows.values() if reachable is None or row.id in reachable]
    names = {organization_key(row.name): row.id for row in mine} | {organization_key(row.key): row.id for row in mine}
    return Surroundings(names, actor.admin_organization_id or tree.root, reachable, now)


def _keys_of(rows: Iterable[SheetRow]) -> list[str]:
    keys = {address.key for address in addresses_of(rows).values()}
    return sorted(keys | {untagged(key) for key in keys})


def _known(db: TenantSession, keys: Sequence[str]) -> dict[str, Known]:
    holders = door_holders(db)
    found: dict[str, Known] = {}
    for start in range(0, len(keys), _AT_ONCE):
        accounts = db.scalars(select(Account).where(Account.email_key.in_(keys[start : start + _AT_ONCE]))).all()
        theirs = Identity.account_id.in_([one.id for one in accounts])
        linked = set(db.scalars(select(Identity.account_id).where(theirs))) if accounts else set()
        found |= {one.email_key: _known_of(one, one.id in linked, one.id in holders) for one in accounts}
    return found


def _known_of(account: Account, is_linked: bool, has_door: bool) -> Known:
    return Known(
        id=account.id,
        email=account.email,
        name=account.name,
        organization_id=account.organization_id,
        is_local_enabled=account.is_local_enabled,
        expires_at=account.expires_at,
        role=account.role,
        is_file_managed=account.is_file_managed,
        is_linked=is_linked,
        has_door=has_door,
    )


def _losing_local(planned: Iterable[PlannedRow]) -> int:
    """Of how many the passwords and second factors would be deleted."""
    return sum(one.outcome is RowOutcome.CHANGED and one.changes.get("is_local_enabled") is False for one in planned)


def _store(
    database: TenantDatabase,
    planned: Sequence[PlannedRow],
    known: Mapping[str, Known],
    counts: dict[str, Any],
    file: str,
    actor_id: str,
    now: datetime,
) -> str:
    """In several short transactions; the job can be seen once it is whole."""
    job, by_id = new_id("job"), {one.id: one for one in known.values()}
    with database.writing() as db:
        add_job(db, job, IMPORT, actor_id, len(planned), {}, now, state=_PREPARING)
    for start in range(0, len(planned), _AT_ONCE):
        rows = [_row(job, one, by_id) for one in planned[start : start + _AT_ONCE]]
        with database.writing() as db:
            db.run_each(jobs.ADD_JOB_ROW, rows)
    with database.writing() as db:
        db.run(_OPEN_JOB, job=job, counts=counts | {"file": file[:200]})
    return job


def _row(job: str, one: PlannedRow, by_id: Mapping[str, Known]) -> dict[str, Any]:
    detail: dict[str, Any] = {"changes": dict(one.changes)} if one.changes else {}
    if one.outcome is RowOutcome.CHANGED and one.account_id:
        detail["was"] = _mark(by_id[one.account_id])
    if one.problem is not None:
        detail |= {"code": one.problem.code, "sentence": one.problem.sentence}
    if one.note:
        detail["note"] = one.note
    return {
        "id": f"{job}.{one.number:06d}",
        "job_id": job,
        "position": one.number,
        "email": one.email,
        "account_id": one.account_id,
        "outcome": one.outcome.value,
        "detail": detail,
    }


def _mark(known: Known) -> dict[str, Any]:
    """All of an account that a plan went by."""
    return asdict(known) | {"expires_at": known.expires_at.isoformat() if known.expires_at else None}


def _batches(db: TenantSession, job_id: str) -> Iterator[list[Row[Any]]]:
    after = 0
    while rows := list(db.all(jobs.JOB_ROWS, job=job_id, after=after, count=_AT_ONCE)):
        yield rows
        after = rows[-1].position


def _write(
    db: TenantSession, rows: Sequence[Row[Any]], tree: Tree, reachable: frozenset[str] | None, by: str, now: datetime
) -> None:
    new = [row for row in rows if row.outcome == RowOutcome.NEW]
    changed = [row for row in rows if row.outcome == RowOutcome.CHANGED]
    known = _known(db, [row.detail["changes"]["email_key"] for row in new])
    known |= {one.id: one for one in _known_by_id(db, [row.account_id for row in changed])}
    for row in (*new, *changed):
        _require_as_planned(row, known, tree, reachable)
    _add(db, new, by, now)
    _change(db, changed, known, by, now)


def _require_as_planned(row: Row[Any], known: Mapping[str, Known], tree: Tree, reachable: frozenset[str] | None) -> None:
    changes = row.detail["changes"]
    place = changes.get("organization_id")
    is_there = place is None or (place in tree.rows and (reachable is None or place in reachable))
    if row.outcome == RowOutcome.NEW:
        is_same = changes["email_key"] not in known
    else:
        is_same = row.account_id in known and _mark(known[row.account_id]) == row.detail["was"]
        is_same = is_same and (reachable is None or known[row.account_id].organization_id in reachable)
    if not (is_there and is_same):
        raise ImportChangedError(row.email)


def _known_by_id(db: TenantSession, ids: Sequence[str]) -> list[Known]:
    keys = db.scalars(select(Account.email_key).where(Account.id.in_(ids))).all() if ids else []
    return list(_known(db, keys).values())


def _add(db: TenantSession, rows: Sequence[Row[Any]], by: str, now: datetime) -> None:
    added = [_account_of(row.detail["changes"], now) for row in rows]
    db.run_each(ADD_ACCOUNT, added)
    append_each(db, Event.ACCOUNT_CREATED, [(one["id"], {"by": by, "way": IMPORT}) for one in added], at=now)


def _account_of(values: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    return {
        "id": new_id("acc"),
        "organization_id": values["organization_id"],
        "email": values["email"],
        "email_key": values["email_key"],
        "name": values["name"],
        "state": AccountState.INVITED.value,
        "is_local_enabled": values["is_local_enabled"],
        "expires_at": _moment(values["expires_at"]),
        "created_at": now,
    }


def _change(db: TenantSession, rows: Sequence[Row[Any]], known: Mapping[str, Known], by: str, now: datetime) -> None:
    from_now = [(row, known[row.account_id], row.detail["changes"]) for row in rows]
    db.run_each(_CHANGE_ACCOUNT, [_changed(was, changes) for _row, was, changes in from_now])
    withdraw_from_some(db, [was.id for _row, was, changes in from_now if changes.get("is_local_enabled") is False], now)
    append_each(db, Event.ACCOUNT_CHANGED, [(was.id, _detail(was, changes, by)) for _row, was, changes in from_now], at=now)


def _changed(was: Known, changes: Mapping[str, Any]) -> dict[str, Any]:
    name = changes.get("name", was.name)
    return {
        "account": was.id,
        "new_name": name,
        "new_name_key": name_key(name),
        "new_surname_key": surname_key(name),
        "new_organization": changes.get("organization_id", was.organization_id),
        "new_local": changes.get("is_local_enabled", was.is_local_enabled),
        "new_end": _moment(changes["expires_at"]) if "expires_at" in changes else was.expires_at,
    }


def _detail(was: Known, changes: Mapping[str, Any], by: str) -> dict[str, Any]:
    before = _mark(was)
    told = {f"before {name}": before[name] for name in changes} | {f"after {name}": value for name, value in changes.items()}
    return {"by": by, "way": IMPORT, "fields": ", ".join(changes)} | told


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
