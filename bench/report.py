"""What was found: a table for people, the same as JSON."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

from bench.rounds import CONNECTIONS, Bench, Figure
from bench.scenarios import AT_ONE_TENANT

_SATURATED = 0.9
_HEAD = ("path", "/CPU s", "÷ hello", "target", "p50 ms", "p99 ms", "RSS MiB", "SQL", "commits", "server", "load", "db ms")


@dataclass(frozen=True)
class Run:
    """What the figures hold for."""

    database: str
    tenants: int
    rounds: int
    seconds: float
    cores: str
    start_seconds: list[float]
    idle_mib: float
    load_before: float
    load_after: float
    at: str


def table(run: Run, bench: Bench) -> str:
    """Everything that was measured, in lines of plain text."""
    rows = [_HEAD, _row(bench.hello), _hashes_row(bench.hashes)]
    rows += [_row(figure) for figure in bench.figures.values()]
    rows.append((bench.beside.name, "", "", "", *_latencies(bench.beside), *[""] * 6))
    if run.database == "sqlite":
        rows = [row[:-1] for row in rows]
    widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]))]
    lines = [_line(row, widths) for row in rows]
    return "\n".join([_title(run), "", lines[0], "-" * len(lines[0]), *lines[1:], "", *_notes(run, bench)])


def _line(row: tuple[str, ...], widths: list[int]) -> str:
    cells = [row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))]
    return "  ".join(cells).rstrip()


def _row(figure: Figure) -> tuple[str, ...]:
    is_compared = bool(figure.ratios)
    return (
        figure.name,
        f"{figure.rate:,.0f}" if figure.rate >= 100 else f"{figure.rate:.1f}",
        f"{figure.ratio:.3f}{'*' if figure.is_hashed else ''}" if is_compared else "",
        "" if figure.target is None else f"{figure.target:.2f}" if figure.target >= 0.1 else f"{figure.target:.3f}",
        *_latencies(figure),
        f"{figure.memory_mib:.0f}" if is_compared else "",
        "" if figure.statements is None else str(figure.statements),
        "" if figure.commits is None else str(figure.commits),
        f"{median(figure.server_busy):.0%}",
        f"{median(figure.load_busy):.0%}{'!' if is_saturated(figure) else ''}",
        f"{median(figure.database_ms):.2f}" if figure.database_ms else "",
    )


def _hashes_row(figure: Figure) -> tuple[str, ...]:
    return (figure.name, f"{figure.rate:.1f}", *[""] * 10)


def _latencies(figure: Figure) -> tuple[str, str]:
    return f"{figure.percentile(50):.2f}", f"{figure.percentile(99):.2f}"


def is_saturated(figure: Figure) -> bool:
    """Was the load generator itself as busy as its core lets it? Then the latencies are its own."""
    return median(figure.load_busy) > _SATURATED


def _title(run: Run) -> str:
    return (
        f"SSO Broker on {run.database}, one worker on one core, {CONNECTIONS} connections, "
        f"{run.rounds} × {run.seconds:g} s a path, {run.tenants:,} tenant{'s' if run.tenants != 1 else ''}"
    )


def _notes(run: Run, bench: Bench) -> list[str]:
    starts = ", ".join(f"{seconds:.2f}" for seconds in run.start_seconds)
    notes = [
        f"Start to the first 200 of /readyz: {starts} s (target 2). Worker before the load: {run.idle_mib:.0f} MiB "
        "(target 150).",
        "/CPU s: laps per CPU second of the server, a lap being all requests of the path. Ratios are medians of the rounds;",
        "those with * are to argon2id. SQL and commits: one lap on a warm cache. server, load: how busy each core was with us.",
        f"p99 beside logins: target 10 ms. {run.cores}",
        f"The machine's load was {run.load_before:.1f} before and {run.load_after:.1f} after: where others use the cores too,",
        "ratios hold best and latencies least.",
    ]
    notes += [_flat(run, bench.figures[name], bench.figures[one]) for name, one in _pairs(bench)]
    busy = [figure.name for figure in (bench.hello, *bench.figures.values()) if is_saturated(figure)]
    if busy:
        notes.append(f"! The load generator was the bottleneck for: {', '.join(busy)}. Rates per CPU second still hold.")
    return notes


def _pairs(bench: Bench) -> list[tuple[str, str]]:
    """Paths that were gone at all tenants and at one of them."""
    return [(name, one) for name, one in AT_ONE_TENANT.items() if {name, one} <= bench.figures.keys()]


def _flat(run: Run, spread: Figure, one: Figure) -> str:
    rate, wait = spread.rate / one.rate, spread.percentile(50) / one.percentile(50)
    return f"{spread.name}, {run.tenants - 1:,} of them, against one: {rate:.2f} of the rate, {wait:.2f} of the p50."


def as_json(run: Run, bench: Bench) -> dict[str, Any]:
    """The same, with the value of every round."""
    return {
        "run": asdict(run),
        "hello": _figure(bench.hello),
        "argon2id": {"rates": bench.hashes.rates},
        "paths": [_figure(figure) for figure in bench.figures.values()],
        "beside_logins": _milliseconds(bench.beside),
    }


def _figure(figure: Figure) -> dict[str, Any]:
    return {
        "name": figure.name,
        "rates": figure.rates,
        "ratios": figure.ratios,
        "target": figure.target,
        **_milliseconds(figure),
        "memory_mib": figure.memory_mib,
        "statements": figure.statements,
        "commits": figure.commits,
        "server_busy": figure.server_busy,
        "load_busy": figure.load_busy,
        "database_ms": figure.database_ms,
    }


def _milliseconds(figure: Figure) -> dict[str, float]:
    return {"p50_ms": figure.percentile(50), "p99_ms": figure.percentile(99)}


def write(run: Run, bench: Bench, folder: Path) -> Path:
    """Keep the figures beside those of earlier runs; returns where."""
    path = folder / f"{run.at.replace(':', '')}-{run.database}.json"
    path.write_text(json.dumps(as_json(run, bench), indent=1), encoding="utf-8")
    return path
