"""Measuring: hello and every path in turn, several rounds, so that a slow minute of the machine falls on all of them."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from statistics import median, quantiles

import psutil

from bench.load import Load, Walk
from bench.scenarios import HASHED, Scenario, hello, metadata, password_and_totp
from bench.servers import Server
from bench.site import PASSWORD, Site, stock_up
from bench.wire import PEER, PRODUCT, BenchError
from broker.hashing import Hasher

CONNECTIONS = 8
LOGINS_BESIDE = 6
_LIGHT_BESIDE = 2
_WARM_SECONDS = 0.3
_MEMBERS_A_SECOND = 70
_SETTLE_SECONDS = 0.2
_TICK = 0.01
"""What the system counts CPU time in."""


@dataclass(slots=True)
class Figure:
    """What was measured of one path; a value for each round, and all laps together."""

    name: str
    target: float | None = None
    is_hashed: bool = False
    rates: list[float] = field(default_factory=list)
    """Laps per CPU second of the server."""
    ratios: list[float] = field(default_factory=list)
    laps: list[float] = field(default_factory=list)
    server_busy: list[float] = field(default_factory=list)
    load_busy: list[float] = field(default_factory=list)
    database_ms: list[float] = field(default_factory=list)
    """CPU of the database server for each lap; empty with SQLite, which works inside ours."""
    memory_mib: float = 0.0
    statements: int | None = None
    commits: int | None = None

    @property
    def rate(self) -> float:
        return median(self.rates)

    @property
    def ratio(self) -> float:
        return median(self.ratios)

    def percentile(self, percent: int) -> float:
        """In milliseconds."""
        if len(self.laps) < 2:
            return self.laps[0] * 1000
        return quantiles(self.laps, n=100, method="inclusive")[percent - 1] * 1000


@dataclass(frozen=True, slots=True)
class Lane:
    """One run of the load: whose CPU is counted, who is asked, and for how long."""

    server: Server
    peer: Server
    seconds: float
    database: psutil.Process | None = None

    @property
    def addresses(self) -> Mapping[str, tuple[str, int]]:
        return {PRODUCT: self.server.address, PEER: self.peer.address}

    def measure(self, figure: Figure, make: Callable[[], Walk]) -> None:
        """Load the server with one path and note what came of it."""
        self.settle()
        with Load(self.addresses) as load:
            load.add(figure.name, make, CONNECTIONS)
            load.start()
            load.run(_WARM_SECONDS)
            used, spent, asked = self.server.cpu_seconds(), time.process_time(), self._database_seconds()
            seconds = load.run(self.seconds)
            used, spent = self.server.cpu_seconds() - used, time.process_time() - spent
            asked = self._database_seconds() - asked
        laps = load.laps[figure.name]
        if not laps:
            raise BenchError(f"not one lap in {seconds:.1f} seconds; without QUICK there is more time")
        figure.laps += laps
        figure.rates.append(len(laps) / max(used, _TICK))
        figure.server_busy.append(used / seconds)
        figure.load_busy.append(spent / seconds)
        figure.memory_mib = max(figure.memory_mib, self.server.memory_mib())
        if self.database is not None:
            figure.database_ms.append(asked / len(laps) * 1000)

    def settle(self) -> None:
        """Wait until the server has done with what an earlier load left behind: password checks wait in a queue."""
        before, now = -1.0, self.server.cpu_seconds()
        while now - before > _TICK:
            time.sleep(_SETTLE_SECONDS)
            before, now = now, self.server.cpu_seconds()

    def _database_seconds(self) -> float:
        if self.database is None:
            return 0.0
        times = [one.cpu_times() for one in (self.database, *self.database.children())]
        return sum(one.user + one.system for one in times)


@dataclass
class Bench:
    """All figures of the run, as they come together round by round."""

    site: Site
    hello_lane: Lane
    lane: Lane
    scenarios: tuple[Scenario, ...]
    hello: Figure = field(default_factory=lambda: Figure("Flask hello"))
    hashes: Figure = field(default_factory=lambda: Figure("argon2id, our parameters"))
    figures: dict[str, Figure] = field(default_factory=dict)
    beside: Figure = field(default_factory=lambda: Figure(f"metadata beside {LOGINS_BESIDE} logins"))

    def round(self) -> None:
        """Everything once. Ratios are taken within the round."""
        self.hello_lane.measure(self.hello, partial(hello, self.site))
        self._measure_hashes()
        for scenario in self.scenarios:
            figure = self.figure_of(scenario)
            self._stock(scenario.members, scenario.attempts)
            try:
                self.lane.measure(figure, partial(scenario.walk, self.site))
            except BenchError as error:
                raise BenchError(f"{scenario.name}: {error}") from error
            figure.ratios.append(figure.rates[-1] / (self.hashes if figure.is_hashed else self.hello).rates[-1])
        self._measure_beside()

    def figure_of(self, scenario: Scenario) -> Figure:
        """Made when it is first asked for."""
        name = scenario.name
        return self.figures.setdefault(name, Figure(name, scenario.target, name in HASHED))

    def _stock(self, members: int, attempts: int) -> None:
        """What the path may use up, and what lies unused from before does not count against it."""
        seconds = self.lane.seconds + 2 * _WARM_SECONDS
        stock_up(
            self.site,
            members=max(0, round(members * seconds) + (CONNECTIONS if members else 0) - len(self.site.members)),
            attempts=max(0, round(attempts * seconds) + (CONNECTIONS if attempts else 0) - len(self.site.attempts)),
        )

    def _measure_hashes(self) -> None:
        """Checks of a password, one after the other, by the product's own hasher in this process."""
        hasher, count, began = Hasher(queue=1), 0, time.process_time()
        while time.process_time() - began < self.lane.seconds / 2:
            hasher.verify(self.site.password_hash, PASSWORD)
            count += 1
        self.hashes.rates.append(count / (time.process_time() - began))

    def _measure_beside(self) -> None:
        """How long a light request takes while people sign in with passwords (performance.md, recommendation 2)."""
        self._stock(_MEMBERS_A_SECOND, 0)
        self.lane.settle()
        with Load(self.lane.addresses) as load:
            load.add("logins", partial(password_and_totp, self.site), LOGINS_BESIDE)
            load.add("light", partial(metadata, self.site), _LIGHT_BESIDE)
            load.start()
            load.run(_WARM_SECONDS)
            load.run(self.lane.seconds)
        if not load.laps["light"]:
            raise BenchError("no light request got through beside the logins")
        self.beside.laps += load.laps["light"]
