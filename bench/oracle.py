"""`python -m bench.oracle [SAMPLES]`: does time tell who has an account? (security.md, LC-04)

Asks the e-mail step and the password step, with a wrong password, for four sorts of address in turn, in this process
and on SQLite, and compares each sort with the unknown one by Welch's t. SAMPLES are taken of each sort (1,000: 2,000
in each comparison). Between -3 and 3 there is nothing to see; the exit code is 1 beyond that.
"""

import sys
import tempfile
from collections.abc import Callable
from dataclasses import replace
from math import sqrt
from pathlib import Path
from statistics import fmean, variance
from time import perf_counter_ns

from sqlalchemy import delete

from broker import create_app
from broker.ports import HASH_COST
from tenants.throttles import Throttle
from tests import factories
from tests.browser import Browser
from tests.factories import Home
from tests.support.clock import FakeClock
from tests.support.wiring import ORIGIN, make_ports, make_settings

LIMIT = 3.0
_WARM_UP = 20
Steps = dict[str, list[float]]
"""Microseconds of each sample, by step."""


def main(samples: int) -> int:
    """Prints a line for each step and sort; the exit code."""
    with tempfile.TemporaryDirectory() as folder:
        app = create_app(
            make_settings(f"sqlite:///{Path(folder) / 'oracle.db'}"),
            ports=replace(make_ports(FakeClock()), hash_cost=HASH_COST),
        )
        home = factories.tenant(app.extensions["broker"])
        times = measure(app, home, addresses(home), samples)
    worst = 0.0
    print(f"{'step':10} {'address':12} {'mean µs':>10} {'against unknown, t':>20}")
    for who, steps in times.items():
        for step, taken in steps.items():
            value = 0.0 if who == "unknown" else welch(taken, times["unknown"][step])
            worst = max(worst, abs(value))
            print(f"{step:10} {who:12} {fmean(taken):10.0f} {value:20.2f}")
    print(f"worst |t| {worst:.2f} of {LIMIT:.0f} allowed, {samples} samples of each")
    return int(worst >= LIMIT)


def addresses(home: Home) -> dict[str, str]:
    """One address of each sort."""
    known = factories.account(home, f"x1@{home.domain}")
    no_password = factories.account(home, f"x2@{home.domain}", with_password=False, with_totp=False)
    disabled = factories.account(home, f"x3@{home.domain}", state="disabled")
    unknown = f"x4@{home.domain}"
    return {"unknown": unknown, "known": known.email, "no password": no_password.email, "disabled": disabled.email}


def measure(app: object, home: Home, people: dict[str, str], samples: int) -> dict[str, Steps]:
    """In turn, and each round in another order, so that what drifts drifts for all."""
    times: dict[str, Steps] = {who: {"e-mail": [], "password": []} for who in people}
    order = list(people)
    for number in range(samples + _WARM_UP):
        for who in order:
            browser = Browser(app, ORIGIN).open(f"{home.path}/sign-in")
            typed = _timed(lambda browser=browser, who=who: browser.submit(email=people[who]))
            judged = _timed(lambda browser=browser: browser.submit({"password": "not it at all"}))
            if number >= _WARM_UP:
                times[who]["e-mail"].append(typed)
                times[who]["password"].append(judged)
            with home.db.writing() as db:
                db.execute(delete(Throttle))
        order.append(order.pop(0))
    return times


def welch(one: list[float], other: list[float]) -> float:
    """Student's t for two samples whose variances may differ. The slowest twentieth of each is left out: it is noise."""
    one, other = _trimmed(one), _trimmed(other)
    return (fmean(one) - fmean(other)) / sqrt(variance(one) / len(one) + variance(other) / len(other))


def _trimmed(taken: list[float]) -> list[float]:
    return sorted(taken)[: len(taken) * 19 // 20]


def _timed(step: Callable[[], object]) -> float:
    start = perf_counter_ns()
    step()
    return (perf_counter_ns() - start) / 1000


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 1000))
