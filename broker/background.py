"""Work beside the requests: one quiet thread a process that sends mail, removes rows whose time is over, and ends accounts.

`broker worker` runs the same loop in a process of its own.
"""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from time import monotonic

import structlog
from flask import Flask

from broker import create_app
from broker.mail.worker import deliver
from broker.wiring import Broker
from tenants import claims, nightly
from tenants.sweeping import BATCH, sweep

log = structlog.get_logger()

_TICK_SECONDS = 1.0
_SWEEP_SECONDS = 600.0
_LOOK_SECONDS = 300.0
"""How often a process looks whether the night's work is due; one of them does it."""
_SLICE_SECONDS = 0.5
"""How long the night's work may hold up the mails at a time."""
_DONE = object()


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


def make_served_app() -> Flask:
    """The application as a server runs it: with its background thread. Configured by the environment."""
    app = create_app()
    if app.extensions["broker"].settings.run_worker_inside:
        start_background(app)
    return app


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
        # Not at once: the first requests after a start have the database to themselves.
        Job("sweep", _sweep, every=_SWEEP_SECONDS, due=now + _SWEEP_SECONDS),
        Job("lifecycle", Nightly().work, every=_LOOK_SECONDS, due=now + _LOOK_SECONDS),
    ]


def _sweep(broker: Broker) -> bool:
    return sweep(broker.db, broker.ports.clock.now()) >= BATCH


class Nightly:
    """What time does to accounts (tenants/nightly.py), once a day in the whole installation, in slices."""

    def __init__(self) -> None:
        self._batches: Iterator[object] | None = None
        self._begun_at = self._kept_at = datetime.min.replace(tzinfo=UTC)

    def work(self, broker: Broker) -> bool:
        """Take the job where it is due, and do a slice of it. Says whether there is more of it."""
        now = broker.ports.clock.now()
        if self._batches is None:
            if not claims.claim(broker.db, nightly.JOB, now):
                return False
            self._batches, self._begun_at, self._kept_at = _all_batches(broker, now), now, now
        elif now - self._kept_at >= claims.LEASE / 2:
            claims.keep(broker.db, nightly.JOB, now)
            self._kept_at = now
        if self._do_slice(self._batches):
            return True
        self._batches = None
        claims.finish(broker.db, nightly.JOB, now, nightly.next_night(self._begun_at))
        return False

    def _do_slice(self, batches: Iterator[object]) -> bool:
        pause_at = monotonic() + _SLICE_SECONDS
        try:
            while monotonic() < pause_at:
                if next(batches, _DONE) is _DONE:
                    return False
        except Exception:
            # Not done: the job is due again when its lease ends.
            self._batches = None
            raise
        return True


def _all_batches(broker: Broker, now: datetime) -> Iterator[object]:
    """Batch after batch, tenant after tenant. One tenant's failure is logged, and the others go on."""
    for slug, round_ in nightly.rounds(broker.db, broker.vault, now):
        try:
            yield from round_.batches()
        except Exception as error:
            log.error("lifecycle_failed", tenant=slug, exc_info=error)
