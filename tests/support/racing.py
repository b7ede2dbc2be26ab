"""One secret, two processes, fifty at once on PostgreSQL: who gets it?

Every one-shot secret is taken by one conditional statement whose row count is the answer, so a heat races that very
statement: each of fifty threads runs it in a write transaction of its own, all let go at the same moment.

Started as a program, this is one of the processes: it reads address and heats from its standard input, says `ready`
before each heat and waits for a line, and in the end says how many of its threads got each secret.
"""

import json
import subprocess
import sys
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from datetime import datetime
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
"""In each process."""
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
    racers = [_start(url, heats) for _ in range(PROCESSES)]
    for _ in heats:
        for racer in racers:
            said = racer.stdout.readline()
            assert said == _READY, said
        for racer in racers:
            racer.stdin.write("go\n")
            racer.stdin.flush()
    counts = [json.loads(racer.communicate()[0]) for racer in racers]
    return [sum(pair) for pair in zip(*counts, strict=True)]


def by_secret(heats: Iterable[Heat], counts: Iterable[int]) -> dict[str, list[int]]:
    """Winners of each heat, by what was raced for."""
    found: dict[str, list[int]] = {}
    for heat, count in zip(heats, counts, strict=True):
        found.setdefault(heat.secret, []).append(count)
    return found


def _start(url: str, heats: Sequence[Heat]) -> "subprocess.Popen[str]":
    racer = subprocess.Popen(
        [sys.executable, "-m", "tests.support.racing"],
        cwd=Path(__file__).resolve().parents[2],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    racer.stdin.write(json.dumps([url, [asdict(heat) for heat in heats]], default=_time_as_text) + "\n")
    racer.stdin.flush()
    return racer


def _race(url: str, heats: Sequence[Heat]) -> list[int]:
    """How many of this process's threads got each secret."""
    assert METADATA.tables
    database, won = Database(url, RACERS), [0] * len(heats)
    start = Barrier(RACERS, action=_wait_for_the_other)

    def run() -> None:
        for number, heat in enumerate(heats):
            start.wait()
            if heat.take(database):
                won[number] += 1

    threads = [Thread(target=run) for _ in range(RACERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    database.dispose()
    return won


def _wait_for_the_other() -> None:
    print(_READY, end="", flush=True)
    sys.stdin.readline()


def _time_as_text(value: datetime) -> dict[str, str]:
    return {"time": value.isoformat()}


def _text_as_time(value: dict[str, Any]) -> Any:
    return datetime.fromisoformat(value["time"]) if value.keys() == {"time"} else value


if __name__ == "__main__":
    address, listed = json.loads(sys.stdin.readline(), object_hook=_text_as_time)
    print(json.dumps(_race(address, [Heat(**one) for one in listed])))
