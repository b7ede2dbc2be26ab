"""Does coverage hold its floors? `python -m tools.floors FILE`: reads what slipcover wrote and lists what was not tried."""

import json
import sys
from itertools import groupby
from pathlib import Path
from typing import Any

FLOOR = 95.0
"""Percent of all lines and branches."""
FULLY_COVERED = (
    "broker/errors.py",
    "tenants/assurance.py",
    "tenants/confinement.py",
    "tenants/db.py",
    "tenants/discovery.py",
    "tenants/domains.py",
    "tenants/factor_demands.py",
    "tenants/policies.py",
    "tenants/routing_domains.py",
    "tenants/statements.py",
)
"""Every line and branch of these is tried: they decide who comes in."""


def main(report: Path) -> int:
    """Print the table; 0 where all floors hold."""
    counted = json.loads(report.read_text(encoding="utf-8"))
    files: dict[str, Any] = counted["files"]
    for name, found in sorted(files.items()):
        if found["missing_lines"] or found["missing_branches"]:
            print(f"{name:<52} {_percent(found):6.1f} %  {_missing(found)}")
    total = _percent(counted)
    print(f"{'All ' + str(len(files)) + ' files':<52} {total:6.1f} %")
    broken = [name for name in FULLY_COVERED if name not in files or _percent(files[name]) < 100]
    for name in broken:
        print(f"{name} has to be covered in full.")
    if total < FLOOR:
        print(f"At least {FLOOR:.0f} % has to be covered.")
    return 1 if broken or total < FLOOR else 0


def _percent(found: dict[str, Any]) -> float:
    return float(found["summary"]["percent_covered"])


def _missing(found: dict[str, Any]) -> str:
    """`12-15, 20, 31->33`: lines that did not run, and jumps that were not taken from lines that did."""
    lines = found["missing_lines"]
    runs = (list(run) for _, run in groupby(enumerate(lines), key=lambda one: one[1] - one[0]))
    parts = [f"{run[0][1]}-{run[-1][1]}" if len(run) > 1 else str(run[0][1]) for run in runs]
    jumps = [f"{start}->{end or 'exit'}" for start, end in found["missing_branches"] if not {start, end} & set(lines)]
    return ", ".join(parts + jumps)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
