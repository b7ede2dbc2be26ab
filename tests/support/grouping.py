"""Which tests run one after another on one worker, and in which order the workers take them."""

from functools import cache
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
TOGETHER = ("browser", "journeys/test_demo.py", "journeys/test_demo_switches.py")
"""One Chromium, and one demo, for all who want them. They take longest, so they begin first."""
BACKENDS = ("sqlite", "postgresql")


def mark_group(item: pytest.Item) -> None:
    """A file on one database: what its fixtures make is made once. (xdist takes long over thousands of groups, too.)"""
    together, file = _place_of(item.path)
    item.add_marker(pytest.mark.xdist_group(together or f"{file} {backend_of(item)}"))


@cache
def _place_of(path: Path) -> tuple[str, str]:
    """The group that shares something, or nothing, and the file's own name."""
    together = TOGETHER[0] if any(path.is_relative_to(TESTS / part) for part in TOGETHER) else ""
    return together, str(path.relative_to(TESTS))


def turn_of(item: pytest.Item) -> int:
    """Who shares something dear begins; then one database after the other, so that each worker opens each once."""
    group = item.get_closest_marker("xdist_group")
    if group is not None and group.args[0] == TOGETHER[0]:
        return 0
    backend = backend_of(item)
    return BACKENDS.index(backend) + 1 if backend in BACKENDS else len(BACKENDS) + 1


def backend_of(item: pytest.Item) -> str:
    """The database that this test runs on; empty where it needs none."""
    params = item.callspec.params if isinstance(item, pytest.Function) and hasattr(item, "callspec") else {}
    return str(params.get("backend", ""))
