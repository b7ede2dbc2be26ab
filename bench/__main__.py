"""`python -m bench`: options from the environment (QUICK, TENANTS, DB, ONLY), the table on standard output."""

import os
import shutil
import signal
import sys
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

from bench.inside import Inside, asker, count_statements
from bench.report import Run, table, write
from bench.rounds import Bench, Lane
from bench.scenarios import SCENARIOS, Scenario
from bench.servers import ROOT, Cores, Server, free_ports
from bench.site import stock_up
from bench.stage import Stage
from bench.wire import BenchError, ask
from broker import create_app
from broker.settings import Settings

FOLDER = ROOT / "var" / "bench"
_STOCK_OF_COUNT = 4
_OPTIONS = (("DB", "sqlite"), ("TENANTS", "0"), ("ONLY", ""))


@dataclass(frozen=True, slots=True)
class Options:
    """`tenants` are filled in beside the one that is measured."""

    database: str
    tenants: int
    rounds: int
    seconds: float
    """For each path in each round."""
    starts: int
    only: str = ""
    """Part of the name of the paths to measure; empty: all of them."""

    @classmethod
    def of_environment(cls) -> "Options":
        """Raises BenchError for a value that is none."""
        database, tenants, only = (os.environ.get(name) or other for name, other in _OPTIONS)
        if database not in {"sqlite", "postgresql"} or not tenants.isdigit():
            raise BenchError("DB is sqlite or postgresql, TENANTS a number")
        if os.environ.get("QUICK"):
            return cls(database, int(tenants), rounds=1, seconds=0.8, starts=1, only=only)
        return cls(database, int(tenants), rounds=3, seconds=3.0, starts=3, only=only)

    def takes(self, scenario: Scenario) -> bool:
        """Is this path measured?"""
        return self.only in scenario.name and (self.tenants > 0 or not scenario.is_spread)


def main() -> int:
    # Ended from outside, it ends its servers too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    cores = Cores.here()
    os.sched_setaffinity(0, {cores.load})
    folder = FOLDER / f"run-{os.getpid()}"
    folder.mkdir(parents=True)
    try:
        run, bench = measure(Options.of_environment(), Stage(folder, cores, *free_ports(3)))
        print(f"\n{table(run, bench)}\n\nAlso as JSON: {write(run, bench, FOLDER).relative_to(ROOT)}")
    except BenchError as error:
        print(f"The bench ended: {error}.", file=sys.stderr)
        return 1
    finally:
        shutil.rmtree(folder)
    return 0


def measure(options: Options, stage: Stage) -> tuple[Run, Bench]:
    """Everything in the order in which an operator would do it."""
    at, load_before = datetime.now(UTC), os.getloadavg()[0]
    with ExitStack() as stack:
        _say("Preparing the database …")
        data = stack.enter_context(stage.data(options.database, options.tenants))
        peer = stack.enter_context(stage.serving_peer())
        starts = _start_times(stage, options.starts - 1)
        product = stack.enter_context(stage.serving_product())
        idle = product.memory_mib()
        bench = Bench(
            data.site,
            hello_lane=Lane(stack.enter_context(stage.serving_hello()), peer, options.seconds),
            lane=Lane(product, peer, options.seconds, data.server),
            scenarios=tuple(one for one in SCENARIOS if options.takes(one)),
        )
        # First, while the sessions are new: once a minute a session's row also notes that it was seen.
        _count_statements(bench, Settings(log_level="error"), peer)
        for number in range(options.rounds):
            _say(f"Round {number + 1} of {options.rounds} …")
            bench.round()
    run = Run(
        database=options.database,
        tenants=options.tenants + 1,
        rounds=options.rounds,
        seconds=options.seconds,
        cores=_sentence_of(stage.cores),
        start_seconds=[*starts, product.start_seconds],
        idle_mib=idle,
        load_before=load_before,
        load_after=os.getloadavg()[0],
        at=at.strftime("%Y-%m-%dT%H:%M:%SZ"),
    )
    return run, bench


def _start_times(stage: Stage, count: int) -> list[float]:
    """Starts beside the one that stays, which is timed as well. The first of all may read cold files."""
    times = []
    for _ in range(count):
        with stage.serving_product() as server:
            times.append(server.start_seconds)
    return times


def _count_statements(bench: Bench, settings: Settings, peer: Server) -> None:
    """Walk each path in this process, on the same database."""
    app = create_app(settings)
    product, provider = asker(app, settings.base_url), partial(ask, peer.address)
    try:
        for scenario in bench.scenarios:
            if scenario.is_spread:
                continue  # as many as for one tenant, once each tenant's configuration is kept
            stock_up(bench.site, members=_STOCK_OF_COUNT, attempts=_STOCK_OF_COUNT)
            count = count_statements(app, Inside(scenario.walk(bench.site), product, provider))
            figure = bench.figure_of(scenario)
            figure.statements, figure.commits = len(count), count.commits
    finally:
        app.extensions["broker"].db.dispose()


def _sentence_of(cores: Cores) -> str:
    if cores.server == cores.load:
        return "Server and load shared one core: rates per CPU second hold, latencies do not."
    return f"Server on core {cores.server}, load generator and identity provider on core {cores.load}."


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
