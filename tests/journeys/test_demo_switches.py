"""Every switch of the demo's providers, over real sockets: the page that follows, and the cause in the audit log."""

import sqlite3
from collections.abc import Iterator

import pytest

from broker.demo.helper import PROVIDERS, Provider
from broker.demo.people import GOOGLE_PEOPLE, STAFF, Person
from broker.demo.switches import Switch
from tests.browser import Browser
from tests.support.demo import RunningDemo
from tests.support.steps import reference_of

BUTTONS = {"entra": "entra", "google": "google", "works": "works"}
"""The key of the connection by the key of its provider."""
WALKS = [
    pytest.param(provider, switch, id=f"{provider.key} {switch.key}")
    for provider in PROVIDERS
    for switch in sorted(provider.switches, key=lambda one: one.key == "normal" or one.is_second)
]
"""Normally, and what comes after that, at the end: some switches want somebody who was not here before."""
REFUSED = {
    "Kofi": None,
    "Iris": ("This e-mail domain isn’t on the list", "domain_not_allowed"),
    "Ana": ("That is a personal account", "upstream_tenant_mismatch"),
    "Max": ("That is a personal account", "upstream_tenant_mismatch"),
    "Bea": ("That account belongs to another organization", "upstream_tenant_mismatch"),
    "Luca": None,
    "Ida": ("This e-mail domain isn’t on the list", "domain_not_allowed"),
}
"""Heading and cause; None: comes in."""


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningDemo]:
    with RunningDemo(tmp_path_factory.mktemp("demo")) as running:
        yield running


def go(demo: RunningDemo, provider: Provider, person: Person, switch: str = "normal") -> Browser:
    """From the tenant's page to the provider, and wherever that leads."""
    browser = demo.browser().open(f"{demo.places.tenant(provider.slug)}/sign-in")
    browser.submit(press=BUTTONS[provider.key])
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
        found = store.execute(
            "SELECT event, cause, reference FROM audit_events JOIN tenants ON tenants.id = tenant_id"
            " WHERE slug = ? ORDER BY at DESC, audit_events.id DESC LIMIT 1",
            (slug,),
        ).fetchone()
    return found


def check(demo: RunningDemo, browser: Browser, provider: Provider, heading: str, cause: str | None) -> None:
    event, noted, reference = last_event(demo, provider.slug)
    assert noted == cause
    if cause is None:
        assert browser.at == f"/t/{provider.slug}/"
        assert "You’re signed in" in browser.words
        assert event == "login.succeeded"
    else:
        assert browser.status >= 400
        assert heading in browser.words
        assert reference == reference_of(browser)


@pytest.mark.parametrize(("provider", "switch"), WALKS)
def test_switch_leads_to_the_page_that_it_promises(demo: RunningDemo, provider: Provider, switch: Switch) -> None:
    person = who_tries(provider, switch)
    if switch.is_second:
        check(demo, go(demo, provider, person), provider, "", None)
    check(demo, go(demo, provider, person, switch.key), provider, switch.page, switch.cause)


@pytest.mark.parametrize("person", [*GOOGLE_PEOPLE, *STAFF], ids=lambda person: person.given_name)
def test_person_of_union_works_gets_what_the_note_says(demo: RunningDemo, person: Person) -> None:
    provider = next(one for one in PROVIDERS if person in one.people)
    heading, cause = REFUSED.get(person.given_name) or ("", None)
    assert (cause is not None) == person.note.startswith("Refused")
    check(demo, go(demo, provider, person), provider, heading, cause)


def test_external_of_union_works_has_a_password_beside_the_buttons(demo: RunningDemo) -> None:
    browser = demo.browser().open(f"{demo.places.tenant('union')}/sign-in")
    assert "Continue with Google Continue with Works login" in browser.words
    browser.submit(email="pia@freelance.example")
    assert browser.path == "/t/union/sign-in/password"
    browser.follow("Other ways to sign in")
    for words in ("Google For offices and the lab", "Works login For the factory", "E-mail and password"):
        assert words in browser.words
