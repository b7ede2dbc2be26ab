"""Work that is done once a day in the whole installation, by one process, in slices: the mails have the same thread."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from time import monotonic

from broker.wiring import Broker
from tenants import claims
from tenants.nightly import next_night

SLICE_SECONDS = 0.5
"""After so long such work lets the mails go first, once what it is at has ended: a batch, or a question to somebody outside."""
ASKING_SECONDS = 2.0
"""So long such a question may take, for metadata or a TXT record: the mails wait 2.5 seconds a turn where nobody answers."""
_DONE = object()


class Daily:
    """One kind of it: its name in the database, and what gives one batch after the other."""

    def __init__(self, job: str, batches: Callable[[Broker, datetime], Iterator[object]]) -> None:
        self._job = job
        self._make_batches = batches
        self._batches: Iterator[object] | None = None
        self._begun_at = self._kept_at = datetime.min.replace(tzinfo=UTC)

    def work(self, broker: Broker) -> bool:
        """Take the job where it is due, and do a slice of it. Says whether there is more of it."""
        now = broker.ports.clock.now()
        if self._batches is None:
            if not claims.claim(broker.db, self._job, now):
                return False
            self._batches, self._begun_at, self._kept_at = self._make_batches(broker, now), now, now
        elif now - self._kept_at >= claims.LEASE / 2:
            claims.keep(broker.db, self._job, now)
            self._kept_at = now
        if self._do_slice(self._batches):
            return True
        self._batches = None
        claims.finish(broker.db, self._job, now, next_night(self._begun_at))
        return False

    def _do_slice(self, batches: Iterator[object]) -> bool:
        pause_at = monotonic() + SLICE_SECONDS
        try:
            while monotonic() < pause_at:
                if next(batches, _DONE) is _DONE:
                    return False
        except Exception:
            # Not done: the job is due again when its lease ends.
            self._batches = None
            raise
        return True
