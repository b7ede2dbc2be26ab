"""The demo's providers over real sockets: every switch with the page that follows, and what the start page calls in depth."""

import os
import re
import sqlite3
import subprocess
import sys
from pathlib import Path

from broker.demo.helper import PROVIDERS, Provider
from broker.demo.people import BRIGHTWATER_PEOPLE, DIRECTORY_PEOPLE, STAFF, Person
from broker.demo.switches import SIGNED_IN, Switch
from tests.browser import Browser
from tests.support.demo import RunningDemo
from tests.support.steps import reference_of

REFUSED = {
    "Per": ("This e-mail domain isn’t on the list", "domain_not_allowed"),
    "Gil": ("You’re a guest in that directory", "upstream_tenant_mismatch"),
    "Iris": ("This e-mail domain isn’t on the list", "domain_not_allowed"),
    "Ana": ("That is a personal account", "upstream_tenant_mismatch"),
    "Max": ("That is a personal account", "upstream_tenant_mismatch"),
    "Bea": ("That account belongs to another organization", "upstream_tenant_mismatch"),
    "Ida": ("This e-mail domain isn’t on the list", "domain_not_allowed"),
}
"""Heading and cause; everybody else comes in."""


GIL, INES = BRIGHTWATER_PEOPLE
HANA = STAFF[0]
VERA = next(person for person in DIRECTORY_PEOPLE if person.given_name == "Vera")
JANE = DIRECTORY_PEOPLE[0]


def go(demo: RunningDemo, provider: Provider, person: Person, switch: str = "normal") -> Browser:
    """From the tenant's page to the provider, and wherever that leads."""
    browser = demo.browser().open(f"{demo.places.tenant(provider.slug)}/sign-in")
    browser.submit(press=provider.key)
    while browser.page.refresh:
        browser.wait()
    assert browser.url.startswith(f"{getattr(demo.places, provider.key)}/")
    browser.submit(press=person.id, switch=switch)
    if browser.url.startswith(demo.places.works):
        browser.submit(press="Continue")
    return browser


def who_tries(provider: Provider, switch: Switch) -> Person:
    return next(person for person in provider.people if person.given_name == switch.who or not switch.who)


def last_event(demo: RunningDemo, slug: str) -> tuple[str, str | None, str]:
    """Event, cause and reference of what happened last in a tenant."""
    with sqlite3.connect(f"file:{demo.places.database}?mode=ro", uri=True) as store:
        return store.execute(
            "SELECT event, cause, reference FROM audit_events JOIN tenants ON tenants.id = tenant_id"
            " WHERE slug = ? ORDER BY at DESC, audit_events.id DESC LIMIT 1",
            (slug,),
        ).fetchone()


def outcome(demo: RunningDemo, provider: Provider, browser: Browser) -> tuple[str, str | None]:
    """Heading of the page and cause in the audit log, which have to be about the same attempt."""
    event, cause, reference = last_event(demo, provider.slug)
    if cause is None:
        assert event == "login.succeeded"
        assert browser.at == f"/t/{provider.slug}/"
        return SIGNED_IN, None
    assert browser.status >= 400
    assert reference == reference_of(browser)
    return re.search(r"<h1[^>]*>(.*?)</h1>", browser.text)[1], cause


def test_every_switch_leads_to_the_page_that_it_promises_and_every_person_to_the_noted_end(demo: RunningDemo) -> None:
    """One after the other: some want somebody who was not here before, some somebody who was."""
    found, promised = {}, {}
    for provider in PROVIDERS:
        for switch in sorted(provider.switches, key=lambda one: one.key == "normal" or one.is_second):
            person = who_tries(provider, switch)
            if switch.is_second:
                go(demo, provider, person)
            name = f"{provider.key} {switch.key}"
            promised[name] = (switch.page, switch.cause)
            found[name] = outcome(demo, provider, go(demo, provider, person, switch.key))
        for person in provider.people:
            name = f"{provider.key}: {person.name}"
            promised[name] = REFUSED.get(person.given_name, (SIGNED_IN, None))
            found[name] = outcome(demo, provider, go(demo, provider, person))
            assert (found[name][1] is not None) == person.note.startswith("Refused")
    assert found == promised


def test_external_of_union_works_has_a_password_beside_the_buttons(demo: RunningDemo) -> None:
    browser = demo.browser().open(f"{demo.places.tenant('union')}/sign-in")
    assert "Continue with Google Continue with Works login" in browser.words
    browser.submit(email="pia@freelance.example")
    assert browser.path == "/t/union/sign-in/password"
    browser.follow("Other ways to sign in")
    for words in ("For offices and the lab", "For the factory", "E-mail and password"):
        assert words in browser.words


# In depth


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
