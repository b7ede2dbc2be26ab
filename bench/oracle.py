"""`python -m bench.oracle [SAMPLES [STEP …]]`: does time tell who has an account? (security.md, LC-04)

Asks each step of a sign-in, a first login, a reset and the finder for four sorts of address in turn, in this process
and on SQLite, and compares each sort with the unknown one by Welch's t. SAMPLES are taken of each sort (1,000: 2,000
in each comparison), of all STEPs or of those named. Between -3 and 3 there is nothing to see; the exit code is 1 beyond that.
"""

import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from math import sqrt
from pathlib import Path
from statistics import fmean, variance
from time import perf_counter_ns

from flask import Flask
from sqlalchemy import delete

from broker import create_app
from broker.ports import HASH_COST
from tenants.mailed_codes import MailedCode
from tenants.outbox import OutboxMail, PlatformMail
from tenants.throttles import PlatformThrottle, Throttle
from tests import factories
from tests.browser import Browser
from tests.factories import Home
from tests.support.clock import FakeClock
from tests.support.mail import SENDER, mailer
from tests.support.wiring import ORIGIN, make_ports, make_settings

LIMIT = 3.0
_WARM_UP = 20
_NO_PORT = 9
"""Nothing is sent: the worker does not run."""
_WRONG = "000000"
Times = dict[str, list[float]]
"""Microseconds of each sample, by sort of address."""
Timed = Callable[[Browser, Home, str], float]


def main(samples: int, steps: Sequence[str]) -> int:
    """Prints a line for each step and sort; the exit code."""
    worst = 0.0
    print(f"{'step':12} {'address':12} {'mean µs':>10} {'against unknown, t':>20}", flush=True)
    with _product() as (app, home):
        people = addresses(home)
        for step in steps:
            times = measure(app, home, people, STEPS[step], samples)
            for who, taken in times.items():
                value = 0.0 if who == "unknown" else welch(taken, times["unknown"])
                worst = max(worst, abs(value))
                print(f"{step:12} {who:12} {fmean(taken):10.0f} {value:20.2f}", flush=True)
    print(f"worst |t| {worst:.2f} of {LIMIT:.0f} allowed, {samples} samples of each")
    return int(worst >= LIMIT)


@contextmanager
def _product() -> Iterator[tuple[Flask, Home]]:
    with tempfile.TemporaryDirectory() as folder:
        settings = make_settings(
            f"sqlite:///{Path(folder) / 'oracle.db'}",
            smtp_host="127.0.0.1",
            smtp_port=_NO_PORT,
            mail_from=SENDER,
            log_level="error",
        )
        app = create_app(settings, ports=replace(make_ports(FakeClock()), hash_cost=HASH_COST, mailer=mailer(_NO_PORT)))
        home = factories.tenant(app.extensions["broker"])
        yield app, home


def addresses(home: Home) -> dict[str, str]:
    """One address of each sort."""
    known = factories.account(home, f"x1@{home.domain}")
    no_password = factories.account(home, f"x2@{home.domain}", with_password=False, with_totp=False)
    disabled = factories.account(home, f"x3@{home.domain}", state="disabled")
    unknown = f"x4@{home.domain}"
    return {"unknown": unknown, "known": known.email, "no password": no_password.email, "disabled": disabled.email}


def ask_email(browser: Browser, home: Home, email: str) -> float:
    browser.open(f"{home.path}/sign-in")
    return _timed(lambda: browser.submit(email=email))


def ask_password(browser: Browser, home: Home, email: str) -> float:
    ask_email(browser, home, email)
    return _timed(lambda: browser.submit({"password": "not it at all"}))


def ask_code(flow: str) -> Timed:
    """Have a code sent to the address."""

    def ask(browser: Browser, home: Home, email: str) -> float:
        browser.open(f"{home.path}/{flow}")
        return _timed(lambda: browser.submit(email=email))

    return ask


def type_code(flow: str) -> Timed:
    """Type a wrong one."""

    def type_it(browser: Browser, home: Home, email: str) -> float:
        ask_code(flow)(browser, home, email)
        return _timed(lambda: browser.submit(code=_WRONG))

    return type_it


def ask_finder(browser: Browser, home: Home, email: str) -> float:
    browser.open("/")
    return _timed(lambda: browser.submit(email=email))


STEPS: dict[str, Timed] = {
    "e-mail": ask_email,
    "password": ask_password,
    "first login": ask_code("first-login"),
    "its code": type_code("first-login"),
    "reset": ask_code("reset"),
    "reset code": type_code("reset"),
    "finder": ask_finder,
}


def measure(app: Flask, home: Home, people: dict[str, str], step: Timed, samples: int) -> Times:
    """In turn, and each round in another order, so that what drifts drifts for all."""
    times: Times = {who: [] for who in people}
    order = list(people)
    for number in range(samples + _WARM_UP):
        for who in order:
            taken = step(Browser(app, ORIGIN), home, people[who])
            if number >= _WARM_UP:
                times[who].append(taken)
            _forget(home)
        order.append(order.pop(0))
    return times


def _forget(home: Home) -> None:
    """What was counted and what waits: the next one is asked as if they were the first."""
    with home.db.writing() as db:
        for model in (Throttle, MailedCode, OutboxMail):
            db.execute(delete(model))
    with home.broker.db.platform("the bench forgets", home.now) as db:
        for model in (PlatformThrottle, PlatformMail):
            db.execute(delete(model))


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
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 1000, sys.argv[2:] or list(STEPS)))
