"""Work beside the requests: one quiet thread a process that sends mail, removes rows whose time is over, and ends accounts.

`broker worker` runs the same loop in a process of its own.
"""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from time import monotonic

import structlog
from flask import Flask

from broker.audit_chain import Sealer, daily_chain_checks
from broker.daily import Daily
from broker.domain_checks import daily_checks
from broker.downstream import logout
from broker.endings import daily_warnings
from broker.mail.worker import deliver
from broker.moves import daily_moves
from broker.people_jobs import BulkRounds
from broker.provider_metadata import MetadataRounds
from broker.service_providers import refresh_due
from broker.token_keys import daily_keys
from broker.wiring import Broker
from tenants import nightly
from tenants.models import TENANT_CLASSES
from tenants.sweeping import BATCH, sweep
from tenants.tenant_life import erase_some

log = structlog.get_logger()

_TICK_SECONDS = 1.0
_SWEEP_SECONDS = 600.0
_METADATA_SECONDS = 60.0
_SEAL_SECONDS = 5.0
_BULK_SECONDS = 2.0
_LOOK_SECONDS = 300.0
"""How often a process looks whether the night's work is due; one of them does it."""


@dataclass(slots=True)
class Job:
    """One kind of work; it says whether more of it waits."""

    name: str
    work: Callable[[Broker], bool]
    every: float
    """Seconds between two rounds where nothing waits. A full round is followed by the next tick."""
    due: float

    def run(self, broker: Broker) -> None:
        """One round. A failure is logged and does not end the thread: the next round may be better."""
        try:
            has_more = self.work(broker)
        except Exception as error:
            log.warning("background_failed", job=self.name, error=type(error).__name__, detail=str(error)[:300])
            has_more = False
        self.due = monotonic() + (0.0 if has_more else self.every)


def start_background(app: Flask) -> threading.Event:
    """Start the thread; set the event to end it. It is a daemon: it never holds the process up."""
    ended = threading.Event()
    threading.Thread(target=work_until, args=(app, ended), name="background", daemon=True).start()
    return ended


def work_until(app: Flask, ended: threading.Event) -> None:
    """Do what is due, over and over, until the event is set."""
    broker: Broker = app.extensions["broker"]
    jobs = _jobs()
    with app.app_context():
        while not ended.wait(_TICK_SECONDS):
            for job in jobs:
                if job.due <= monotonic():
                    job.run(broker)


def _jobs() -> list[Job]:
    now = monotonic()
    return [
        Job("mail", deliver, every=_TICK_SECONDS, due=now),
        Job("logouts", logout.work, every=_TICK_SECONDS, due=now),
        # Not at once: the first requests after a start have the database to themselves.
        Job("sweep", _sweep, every=_SWEEP_SECONDS, due=now + _SWEEP_SECONDS),
        Job("lifecycle", Nightly().work, every=_LOOK_SECONDS, due=now + _LOOK_SECONDS),
        Job("metadata", MetadataRounds().work, every=_METADATA_SECONDS, due=now + _METADATA_SECONDS),
        Job("sp_metadata", refresh_due, every=_METADATA_SECONDS, due=now + _METADATA_SECONDS),
        Job("domains", daily_checks().work, every=_LOOK_SECONDS, due=now + _LOOK_SECONDS),
        Job("endings", daily_warnings().work, every=_LOOK_SECONDS, due=now + _LOOK_SECONDS),
        Job("erase", _erase, every=_METADATA_SECONDS, due=now + _METADATA_SECONDS),
        Job("seals", Sealer().work, every=_SEAL_SECONDS, due=now + _SEAL_SECONDS),
        Job("chains", daily_chain_checks().work, every=_LOOK_SECONDS, due=now + _LOOK_SECONDS),
        Job("token_keys", daily_keys().work, every=_LOOK_SECONDS, due=now + _LOOK_SECONDS),
        Job("bulk", BulkRounds().work, every=_BULK_SECONDS, due=now),
        Job("moves", daily_moves().work, every=_LOOK_SECONDS, due=now + _LOOK_SECONDS),
    ]


def _sweep(broker: Broker) -> bool:
    return sweep(broker.db, broker.ports.clock.now()) >= BATCH


def _erase(broker: Broker) -> bool:
    return erase_some(broker.db, TENANT_CLASSES, broker.ports.clock.now())


class Nightly(Daily):
    """What time does to accounts (tenants/nightly.py)."""

    def __init__(self) -> None:
        super().__init__(nightly.JOB, _all_batches)


def _all_batches(broker: Broker, now: datetime) -> Iterator[object]:
    """Batch after batch, tenant after tenant. One tenant's failure is logged, and the others go on."""
    for slug, round_ in nightly.rounds(broker.db, broker.vault, now):
        try:
            yield from round_.batches()
        except Exception as error:
            log.error("lifecycle_failed", tenant=slug, exc_info=error)
