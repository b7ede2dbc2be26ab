"""Which rows of a table run on the second database too."""

from collections import Counter

import pytest

from tests.support.grouping import backend_of

ROWS = 2
"""A test runs on both databases. The further rows of its table differ in a value that no database sees or decides by."""
WHERE_THE_DATABASE_DECIDES = frozenset({"isolation", "tenants"})
"""Folders whose tables run whole on both: what is at rest, and who may see it."""


def chosen_rows(items: list[pytest.Item]) -> tuple[list[pytest.Item], list[pytest.Item]]:
    """Those to run and those to leave out, in their order. The mark `both_databases` keeps all rows of a table."""
    tried = {_test_of(item) for item in items if backend_of(item) == "sqlite"}
    taken: Counter[str] = Counter()
    chosen: list[pytest.Item] = []
    left: list[pytest.Item] = []
    for item in items:
        test = _test_of(item)
        is_second_time = backend_of(item) == "postgresql" and test in tried and not _is_for_both(item)
        taken[test] += is_second_time
        (left if is_second_time and taken[test] > ROWS else chosen).append(item)
    return chosen, left


def _is_for_both(item: pytest.Item) -> bool:
    return item.get_closest_marker("both_databases") is not None or not WHERE_THE_DATABASE_DECIDES.isdisjoint(item.path.parts)


def _test_of(item: pytest.Item) -> str:
    return item.nodeid.partition("[")[0]
