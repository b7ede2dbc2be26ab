"""From an empty tenant to people who sign in by a provider, in the console: how often an admin has to press.

The numbers stand in docs/console.md, and this test reads them there.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests import factories
from tests.factories import Home
from tests.peers.google import workspace_person
from tests.peers.people import Person
from tests.support import steps
from tests.support.console_world import DESK, PHONE, Hand, World
from tests.support.wiring import SHARED_ENTRA

MOST_PRESSES = 9
"""Beside pasting: "under ten"."""
TOLD = (Path(__file__).parents[2] / "docs" / "console.md").read_text(encoding="utf-8")


@dataclass(frozen=True)
class Product:
    """What is added: its line in the list, what plays the other side, and what is brought back from there."""

    link: str
    idp: Any
    fill: Callable[[Hand], Any]
    to_test: Callable[[Hand], Any] = field(default=lambda hand: hand.button("Save and test sign-in"))
    copied: str = "copy-redirect"


def entra(world: World, home: Home) -> Product:
    idp = world.entra.directory()
    values = {"directory": idp.directory, "client_id": idp.client_id, "client_secret": idp.client_secret}
    return Product("Microsoft Entra With an app registration", idp, lambda hand: hand.paste(**values))


def shared_entra(world: World, home: Home) -> Product:
    """Nothing is registered there: an admin of the directory, here the same person, approves it."""
    application = world.shared_entra.application(SHARED_ENTRA)
    idp = world.shared_entra.directory(application.chosen)
    idp.client_id = SHARED_ENTRA
    application.person = Person(f"jane@{home.domain}", claims={"preferred_username": f"jane@{home.domain}"})

    def approve(hand: Hand) -> None:
        hand.button("Save and make the link")
        hand.link("I am that admin: open it").button("Start").button("Yes, let its people in").button("Test sign-in")

    return Product("Microsoft Entra, without a registration of your own", idp, lambda hand: None, approve, copied="")


def google(world: World, home: Home) -> Product:
    idp = world.google.client()
    values = {"domains": home.domain, "client_id": idp.client_id, "client_secret": idp.client_secret}
    return Product("Google Workspace With an OAuth client", idp, lambda hand: hand.paste(**values))


def oidc(world: World, home: Home) -> Product:
    idp = world.oidc.issuer()
    values = {"issuer": idp.issuer, "client_id": idp.client_id, "client_secret": idp.client_secret}
    return Product("Any OpenID Connect provider", idp, lambda hand: hand.paste(**values))


def saml_by_address(world: World, home: Home) -> Product:
    idp = world.saml.provider()
    return Product(
        "SAML 2.0", idp, lambda hand: hand.paste(metadata_url=idp.entity_id).choose("attributes", "okta"), copied="copy-acs"
    )


def saml_by_file(world: World, home: Home) -> Product:
    idp = world.saml.provider()
    file = {"name": "metadata.xml", "mimeType": "application/xml", "buffer": idp.metadata().encode()}

    def fill(hand: Hand) -> None:
        hand.page.set_input_files("#idp_metadata_file", file)
        hand.choose("attributes", "okta")

    return Product("SAML 2.0", idp, fill, copied="copy-acs")


CASES = {
    "Microsoft Entra, own registration": (entra, DESK),
    "Microsoft Entra, the operator’s registration": (shared_entra, DESK),
    "Google Workspace": (google, PHONE),
    "OpenID Connect": (oidc, DESK),
    "SAML, by the address of its metadata": (saml_by_address, DESK),
    "SAML, by a file": (saml_by_file, DESK),
}


@pytest.mark.parametrize("name", CASES)
def test_from_an_empty_tenant_to_a_person_in_an_application(world: World, name: str) -> None:
    make, size = CASES[name]
    home = world.home()
    steps.listed(home, proven=True)
    product = make(world, home)
    product.idp.person = workspace_person(f"jane@{home.domain}", "Jane", "Doe")
    hand = world.admin(home, factories.account(home, role="owner"), size)
    if size is PHONE:
        hand.button("Menu")
    hand.link("Connections").sees("Connect your first identity provider")
    hand.link("Add a connection").link(product.link)
    copied = hand.shown(product.copied) if product.copied else ""
    product.fill(hand)
    product.to_test(hand)
    agree_there(hand, product)
    hand.sees("The test sign-in worked").sees(f"jane@{home.domain}")
    assert copied in {"", said_there(product)}
    hand.button("Switch on this connection").sees("It is on. People see it from now on.")
    assert len(hand.presses) <= MOST_PRESSES, hand.presses
    assert f"| {name} | {len(hand.presses) - (size is PHONE)} |" in TOLD, hand.presses
    if make is not saml_by_file:
        employee_comes(world, home, product)


def agree_there(hand: Hand, product: Product) -> None:
    """SAML providers of the tests have a page of their own; nobody counts what the other side wants pressed."""
    if product.link.startswith("SAML"):
        hand.page.get_by_role("button", name="Continue", exact=True).click()


def said_there(product: Product) -> str:
    """The return address that our side has named to the provider."""
    idp = product.idp
    return str(idp.seen[-1].acs if product.link.startswith("SAML") else idp.seen["authorize"]["redirect_uri"])


def employee_comes(world: World, home: Home, product: Product) -> None:
    """Somebody who was never here, in a browser of their own, from an application and back to it."""
    steps.notice(home)
    site, page = world.application(home), world.window()
    hand = Hand(page)
    steps.notice(home)
    page.goto(site.origin)
    hand.link("Sign in")
    page.wait_for_url(re.compile("/sign-in"))
    hand.button("Continue with")
    agree_there(hand, product)
    page.get_by_text(f"Signed in as jane@{home.domain}").wait_for()
    assert page.url.startswith(site.origin)
