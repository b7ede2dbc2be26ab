"""Which tests coverage looks at."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.support.grouping import backend_of

DESCRIBED_BY_ATTACKS = frozenset(
    {
        "test_ac12_audit_chain.py",
        "test_logout_abuse.py",
        "test_od_token.py",
        "test_op03_token_keys.py",
        "test_operator_console.py",
        "test_pi_sheets.py",
        "test_sd_saml_idp.py",
    }
)
"""Files of attacks that are the only tests of what they attack."""


@contextmanager
def covering(item: pytest.Item) -> Iterator[None]:
    """Coverage trebles what a test costs. It is counted where behaviour is described, on one of the databases.

    Attacks try what is covered already; on both databases are those that tell the two apart. Fixtures are no exception:
    with pytest-cov's own marker, `no_cover`, they would be counted.
    """
    plugin = item.config.pluginmanager.get_plugin("_cov")
    if plugin is None or _is_counted(item):
        yield
        return
    plugin.cov_controller.pause()
    try:
        yield
    finally:
        plugin.cov_controller.resume()


def _is_counted(item: pytest.Item) -> bool:
    is_second = backend_of(item) == "postgresql" and "isolation" not in item.path.parts
    if item.path.name in DESCRIBED_BY_ATTACKS:
        return not is_second
    return not is_second and {"attacks", "browser"}.isdisjoint(item.path.parts)
