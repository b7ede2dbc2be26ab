"""Every switch of the demo's providers, over real sockets: the page that follows, and the cause in the audit log."""

import re
import sqlite3
from collections.abc import Iterator

import pytest

from broker.demo.helper import PROVIDERS, Provider
from broker.demo.people import Person
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


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningDemo]:
    with RunningDemo(tmp_path_factory.mktemp("demo")) as running:
        yield running


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
