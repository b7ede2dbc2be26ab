"""Races for every one-shot secret on two processes against PostgreSQL: `make races ROUNDS=1000`.

Fifty at once, as in the tests, in many more heats. Ends with 1 where a secret was taken by none, or by more than one.
"""

import os
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence

from broker import create_app
from tenants.migrate import migrate
from tests import factories
from tests.factories import Home
from tests.support import postgres
from tests.support.clock import FakeClock
from tests.support.heats import SECRETS, heats_of
from tests.support.racing import PROCESSES, RACERS, Heat, racing
from tests.support.stores import postgresql_store
from tests.support.wiring import make_ports, make_settings

_AT_ONCE = 100
"""Heats that are prepared together."""


def main(rounds: int) -> int:
    """Prints a line for each secret; the exit code."""
    with postgresql_store(postgres.start(os.getpid()), "races") as store:
        migrate(store.owner_url)
        app = create_app(make_settings(store.url), ports=make_ports(FakeClock()))
        home = factories.tenant(app.extensions["broker"])
        with racing(store.url) as race:
            wrong = sum(_raced_for(secret, rounds, home, race) for secret in SECRETS)
        app.extensions["broker"].db.dispose()
    print(f"{rounds} heats of {PROCESSES} × {RACERS} for each of {len(SECRETS)} secrets; {wrong} went wrong.")
    return int(wrong > 0)


def _raced_for(secret: str, rounds: int, home: Home, race: Callable[[Sequence[Heat]], list[int]]) -> int:
    """How many of the heats went wrong."""
    begun, found = time.perf_counter(), Counter[int]()
    while found.total() < rounds:
        found.update(race(heats_of(home, secret, min(_AT_ONCE, rounds - found.total()))))
    outcome = ", ".join(f"{times} × {count} winners" for count, times in sorted(found.items()) if count != 1)
    print(f"{secret:45} {found[1]:6} heats with one winner, {time.perf_counter() - begun:5.0f} s  {outcome}", flush=True)
    return found.total() - found[1]


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 1000))
