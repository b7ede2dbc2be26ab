"""A real browser, and the sites that it can reach."""

import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.support.console_world import World, opened_world
from tests.support.internet import Internet, opened_internet
from tests.support.stores import NewStore

UNUSED = (
    "WebUIOmniboxPopup", "WebUIOmniboxAimPopup", "MediaRouter", "OptimizationHints", "HttpsUpgrades",
    "HttpsFirstBalancedModeAutoEnable", "PaintHolding", "ThirdPartyStoragePartitioning",
)  # fmt: skip
"""What Chromium draws around pages takes longer than they. The others Playwright switches off: our list replaces its own."""
SWITCHES = (
    "--no-sandbox", "--disable-site-isolation-trials", "--renderer-process-limit=1", f"--disable-features={','.join(UNUSED)}",
)  # fmt: skip
"""One process draws all: else each step to another site begins a new one, which takes as long as ten pages."""


@pytest.fixture(scope="session")
def internet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Internet]:
    """Where names lead in `chromium`; a context that goes there doesn't look at certificates (`ignore_https_errors`)."""
    with opened_internet(tmp_path_factory.mktemp("internet")) as made:
        yield made


@pytest.fixture(scope="session")
def chromium(internet: Internet) -> Iterator[Browser]:
    """The system's Chromium, one a worker; tests open contexts of their own in it."""
    switches = [*SWITCHES, f"--host-resolver-rules={internet.rules}"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=switches)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def installation(chromium: Browser, internet: Internet, new_store: NewStore) -> Iterator[World]:
    """The product for journeys of many pages, on one database: what another changes, tests without a browser show."""
    with new_store("sqlite", migrated=True) as store, opened_world(chromium, internet, store.url) as made:
        yield made


@pytest.fixture
def world(installation: World) -> Iterator[World]:
    """The same, whose windows close after the test; no page of it may have displeased a browser."""
    yield installation
    assert installation.close_windows() == []
