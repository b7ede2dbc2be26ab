"""What the demo shows of identity providers beyond signing in, over real sockets, as its start page says to try it."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from broker.demo.people import BRIGHTWATER_PEOPLE, DIRECTORY_PEOPLE, LOCAL_PEOPLE, STAFF
from tests.browser import Browser
from tests.support.demo import RunningDemo

GIL, INES = BRIGHTWATER_PEOPLE
HANA = STAFF[0]
VERA = next(person for person in DIRECTORY_PEOPLE if person.given_name == "Vera")
JANE = DIRECTORY_PEOPLE[0]


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningDemo]:
    with RunningDemo(tmp_path_factory.mktemp("demo")) as running:
        yield running


def arrive(browser: Browser) -> Browser:
    while browser.page.refresh:
        browser.wait()
    return browser


def command(demo: RunningDemo, *arguments: str) -> str:
    """A command of the broker's, with the settings that the demo wrote down."""
    lines = demo.places.environment_file.read_text(encoding="utf-8").splitlines()
    settings = {name: value.strip("'") for name, _, value in (line.partition("=") for line in lines)}
    broker = [str(Path(sys.executable).with_name("broker")), *arguments]
    return subprocess.run(broker, env=os.environ | settings, capture_output=True, text=True, check=True).stdout


def by_works(demo: RunningDemo, browser: Browser) -> Browser:
    """To the company login and back, as Hana."""
    browser.open(f"{demo.places.tenant('union')}/sign-in").submit(press="works")
    return arrive(browser).submit(press=HANA.id).submit(press="Continue")


def test_directory_is_approved_and_its_people_come_in(demo: RunningDemo) -> None:
    sign_in = f"{demo.places.tenant('brightwater')}/sign-in"
    early = demo.browser().open(sign_in)
    assert "Microsoft needs an approval first" in early.words, "the only way is taken by itself"
    admin = demo.browser()
    admin.open(demo.places.helper).follow("the link that the operator made").submit(press="Start")
    arrive(admin).submit(press="accept")
    admin.submit(press=GIL.id)
    assert "Is this your directory?" in arrive(admin).words
    assert "Approved" in admin.submit(press="Yes, let its people in").words
    late = arrive(demo.browser().open(sign_in)).submit(press=INES.id)
    assert late.at == "/t/brightwater/"
    assert "Ines Okoro" in late.words


def test_groups_beyond_the_token_come_from_graph(demo: RunningDemo) -> None:
    browser = demo.browser().open(demo.places.travel).submit(press="Sign in with Acme Group")
    arrive(browser.submit(email=VERA.email, press="Continue")).submit(press=VERA.id)
    assert "Everybody in Brussels" in arrive(browser).words


def test_payroll_asks_for_a_second_factor(demo: RunningDemo) -> None:
    for switch, is_in in (("normal", False), ("two_factors", True)):
        browser = demo.browser().open(demo.places.payroll).submit(press="Sign in with Acme Group")
        arrive(browser.submit(email=JANE.email, press="Continue")).submit(press=JANE.id, switch=switch)
        assert (arrive(browser).url == f"{demo.places.payroll}/") is is_in
    eva = LOCAL_PEOPLE[0]
    assert eva.tenant == "acme"


def test_sign_in_begins_at_the_provider_and_both_sides_sign_out(demo: RunningDemo) -> None:
    browser = demo.browser().open(demo.places.works)
    arrive(browser.submit(press=HANA.id).submit(press="Continue"))
    assert browser.submit(press="Continue").at == "/t/union/"
    browser.open(demo.places.works).submit(press="Sign out everywhere")
    assert "Signed out everywhere" in browser.words
    assert browser.open(f"{demo.places.tenant('union')}/").path == "/t/union/sign-in"
    by_works(demo, browser)
    browser.open(f"{demo.places.tenant('union')}/").submit(press="Sign out")
    assert arrive(browser).at == "/t/union/signed-out"
    assert "Nobody has signed in here" in browser.open(demo.places.works).words


def test_provider_changes_its_key_and_the_broker_is_told(demo: RunningDemo) -> None:
    assert by_works(demo, demo.browser()).at == "/t/union/"
    at_provider = demo.browser().open(demo.places.works)
    at_provider.submit(press="Sign with it")
    refused = by_works(demo, demo.browser())
    assert "can’t be trusted" in refused.words
    assert "not proven" in command(demo, "connection", "health", "union")
    command(demo, "connection", "metadata", "union", "works", "--refresh")
    # The serving process looks every two seconds.
    refused.open(demo.places.helper)
    for _ in range(40):
        if by_works(demo, browser := demo.browser()).at == "/t/union/":
            break
    assert "Hana Novák" in browser.words
    at_provider.submit(press="Back to before")
