"""One secret, two processes, fifty at once on PostgreSQL: who gets it?

Every one-shot secret is taken by one conditional statement whose row count is the answer, so a heat races that very
statement: each of fifty threads runs it in a write transaction of its own, all let go at the same moment.

Started as a program, this is one of the processes: it reads a line of heats from its standard input, says `ready` before
each heat and waits for a line, and then says how many of its threads got each secret; and so on with the next line.
"""

import json
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from datetime import datetime
from functools import partial
from importlib import import_module
from pathlib import Path
from threading import Barrier, Thread
from typing import Any

from sqlalchemy.exc import IntegrityError

from tenants.db import Database
from tenants.models import METADATA
from tenants.statements import Scoped

PROCESSES = 2
RACERS = 25
"""In each process, by default."""
_READY = "ready\n"


@dataclass(frozen=True)
class Heat:
    """One secret to be taken: `statement` is `module:NAME`, and `values` are its parameters."""

    secret: str
    statement: str
    tenant_id: str
    values: dict[str, Any] = field(repr=False)

    def take(self, database: Database) -> bool:
        """Did this racer get it? A key that is there already (an INSERT's way to lose) is a no."""
        module, _, name = self.statement.partition(":")
        statement: Scoped = getattr(import_module(module), name)
        with suppress(IntegrityError), database.tenant(self.tenant_id).writing() as db:
            return db.run(statement, **self.values) != 0  # an INSERT has no count: it fails instead
        return False


def winners(url: str, heats: Sequence[Heat]) -> list[int]:
    """How many got each secret: 1 is right."""
    with racing(url) as race:
        return race(heats)


@contextmanager
def racing(url: str, racers: int = RACERS) -> Iterator[Callable[[Sequence[Heat]], list[int]]]:
    """Both processes, for as many heats as one likes: starting them takes longer than a hundred heats."""
    processes = [_start(url, racers) for _ in range(PROCESSES)]
    try:
        yield partial(_raced, processes)
    finally:
        for process in processes:
            process.communicate()


def _raced(processes: Sequence["subprocess.Popen[str]"], heats: Sequence[Heat]) -> list[int]:
    listed = json.dumps([asdict(heat) for heat in heats], default=_time_as_text)
    _tell(processes, listed)
    for _ in heats:
        for process in processes:
            said = process.stdout.readline()
            assert said == _READY, said
        _tell(processes, "go")
    counts = [json.loads(process.stdout.readline()) for process in processes]
    return [sum(pair) for pair in zip(*counts, strict=True)]


def _tell(processes: Sequence["subprocess.Popen[str]"], line: str) -> None:
    for process in processes:
        process.stdin.write(f"{line}\n")
        process.stdin.flush()


def by_secret(heats: Iterable[Heat], counts: Iterable[int]) -> dict[str, list[int]]:
    """Winners of each heat, by what was raced for."""
    found: dict[str, list[int]] = {}
    for heat, count in zip(heats, counts, strict=True):
        found.setdefault(heat.secret, []).append(count)
    return found


def _start(url: str, racers: int) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "tests.support.racing", url, str(racers)],
        cwd=Path(__file__).resolve().parents[2],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def _race(database: Database, heats: Sequence[Heat], racers: int) -> list[int]:
    """How many of this process's threads got each secret."""
    won = [0] * len(heats)
    start = Barrier(racers, action=_wait_for_the_other)

    def run() -> None:
        for number, heat in enumerate(heats):
            start.wait()
            if heat.take(database):
                won[number] += 1

    threads = [Thread(target=run) for _ in range(racers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return won


def _wait_for_the_other() -> None:
    print(_READY, end="", flush=True)
    sys.stdin.readline()


def _time_as_text(value: datetime) -> dict[str, str]:
    return {"time": value.isoformat()}


def _text_as_time(value: dict[str, Any]) -> Any:
    return datetime.fromisoformat(value["time"]) if value.keys() == {"time"} else value


def main(url: str, racers: int) -> None:
    assert METADATA.tables
    database = Database(url, racers)
    for line in sys.stdin:
        listed = json.loads(line, object_hook=_text_as_time)
        print(json.dumps(_race(database, [Heat(**one) for one in listed], racers)), flush=True)
    database.dispose()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
