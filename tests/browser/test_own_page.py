"""A person's own page in a real browser: a passkey is added by keyboard and script, and the page keeps to its policy."""

from collections.abc import Iterator

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, expect

from broker import create_app
from tenants.passkeys import Passkey
from tests import factories
from tests.factories import Home, Someone
from tests.support.axe import violations
from tests.support.clock import FakeClock
from tests.support.rows import stored
from tests.support.served import served
from tests.support.steps import fresh_code
from tests.support.stores import ON_SQLITE
from tests.support.wiring import make_ports, make_settings

pytestmark = ON_SQLITE
"""What a browser does with a page is no matter of the database."""

PHONE = {"width": 390, "height": 800}
AUTHENTICATOR = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


@pytest.fixture
def own_app(database_url: str, clock: FakeClock) -> Iterator[Flask]:
    """The product at the port where it is really served: passkeys know their origin with its port."""
    made: list[Flask] = []
    with served(lambda environ, start: made[0](environ, start)) as port:
        settings = make_settings(database_url, base_url=f"http://localhost:{port}")
        made.append(create_app(settings, ports=make_ports(clock)))
        yield made[0]
        made[0].extensions["broker"].db.dispose()


@pytest.fixture
def home(own_app: Flask) -> Home:
    return factories.tenant(own_app.extensions["broker"])


@pytest.fixture
def page(chromium: Browser, home: Home) -> Iterator[Page]:
    context = chromium.new_context(base_url=home.url.removesuffix(home.path), viewport=PHONE)
    yield context.new_page()
    context.close()


def sign_in(page: Page, home: Home, who: Someone) -> None:
    page.goto(f"{home.path}/sign-in")
    page.fill("#email", who.email)
    page.keyboard.press("Enter")
    page.fill("#password", who.password)
    page.keyboard.press("Enter")
    page.fill("#code", fresh_code(home, who))
    page.keyboard.press("Enter")
    page.wait_for_url(f"**{home.path}/")


def test_passkey_is_added_on_a_telephone(page: Page, home: Home) -> None:
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type in {"error", "warning"} else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    devtools = page.context.new_cdp_session(page)
    devtools.send("WebAuthn.enable")
    added = devtools.send("WebAuthn.addVirtualAuthenticator", {"options": AUTHENTICATOR})
    ada = factories.account(home)
    sign_in(page, home, ada)
    page.get_by_role("link", name="Security").click()
    expect(page.locator("h1")).to_have_text("Security")
    assert violations(page) == []
    page.get_by_role("link", name="Add a passkey").click()
    page.fill("#label", "My telephone")
    page.get_by_role("button", name="Add a passkey").click()
    expect(page.get_by_role("status")).to_contain_text("The passkey was added.")
    assert "Passkey “My telephone”" in page.inner_text("main")
    (row,) = stored(home, Passkey, account_id=ada.id)
    kept = devtools.send("WebAuthn.getCredentials", {"authenticatorId": added["authenticatorId"]})["credentials"]
    assert len(kept) == 1
    assert kept[0]["rpId"] == "localhost"
    assert row.sign_count == kept[0]["signCount"]
    assert complaints == []
