"""Signing in with a passkey in a real browser: Chromium's own virtual authenticator answers."""

import base64
from collections.abc import Iterator
from typing import Any

import cbor2
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from playwright.sync_api import Browser, CDPSession, Page, expect

from broker import create_app
from tenants.ids import new_id
from tests import factories
from tests.factories import Home, Someone
from tests.peers.authenticator import ES256, encoded
from tests.support import steps
from tests.support.clock import FakeClock
from tests.support.rows import passkey
from tests.support.served import served
from tests.support.stores import ON_SQLITE
from tests.support.wiring import make_ports, make_settings

pytestmark = ON_SQLITE
"""What a browser does with a page is no matter of the database."""


class Product:
    """The product at an address that is its own, port and all: what a passkey signs names it."""

    def __init__(self) -> None:
        self.app: Any = None
        self.origin = ""

    def __call__(self, environ: Any, start_response: Any) -> Any:
        return self.app(environ, start_response)


@pytest.fixture(scope="module")
def product(database_url: str, clock: FakeClock) -> Iterator[Product]:
    made = Product()
    with served(made) as port:
        made.origin = f"http://localhost:{port}"
        made.app = create_app(make_settings(database_url, base_url=made.origin), ports=make_ports(clock))
        yield made
    made.app.extensions["broker"].db.dispose()


@pytest.fixture
def home(product: Product) -> Home:
    return factories.tenant(product.app.extensions["broker"], trusted_device_days=30)


@pytest.fixture
def page(chromium: Browser, product: Product) -> Iterator[Page]:
    context = chromium.new_context(base_url=product.origin)
    yield context.new_page()
    context.close()


@pytest.fixture
def device(page: Page) -> CDPSession:
    """The tests' way to the authenticator, which knows its owner by a finger and needs no touch."""
    link = page.context.new_cdp_session(page)
    link.send("WebAuthn.enable")
    traits = {"protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True}
    made = link.send(
        "WebAuthn.addVirtualAuthenticator",
        {"options": traits | {"isUserVerified": True, "automaticPresenceSimulation": True}},
    )
    link.authenticator = made["authenticatorId"]
    return link


def give_passkey(device: CDPSession, home: Home, who: Someone) -> None:
    """One that the account has added on this device before."""
    private = ec.generate_private_key(ec.SECP256R1())
    numbers, name = private.public_key().public_numbers(), new_id("k").encode()
    cose = {1: 2, 3: ES256, -1: 1, -2: numbers.x.to_bytes(32, "big"), -3: numbers.y.to_bytes(32, "big")}
    passkey(home, who.id, credential_id=encoded(name), public_key=encoded(cbor2.dumps(cose)))
    credential = {
        "credentialId": base64.b64encode(name).decode(),
        "isResidentCredential": True,
        "rpId": "localhost",
        "privateKey": base64.b64encode(private.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())).decode(),
        "userHandle": base64.b64encode(who.id.encode()).decode(),
        "signCount": 1,
    }
    device.send("WebAuthn.addCredential", {"authenticatorId": device.authenticator, "credential": credential})


def complaints_of(page: Page) -> list[str]:
    """What the browser finds wrong from now on; a refusal is no fault of a page."""
    seen: list[str] = []
    wanted = {"error", "warning"}
    page.on("console", lambda one: seen.append(one.text) if one.type in wanted and "status of 403" not in one.text else None)
    return seen


def test_person_signs_in_with_a_passkey_and_nothing_else(page: Page, home: Home, device: CDPSession) -> None:
    complaints, ada = complaints_of(page), factories.account(home)
    give_passkey(device, home, ada)
    page.goto(f"{home.path}/sign-in")
    page.get_by_role("link", name="Sign in with a passkey").click()
    expect(page.locator("main")).to_contain_text(ada.email)
    assert page.url.endswith(f"{home.path}/")
    assert complaints == []


def test_passkey_as_second_factor_trusts_the_device(page: Page, home: Home, device: CDPSession) -> None:
    ada = factories.account(home)
    give_passkey(device, home, ada)
    type_password(page, home, ada)
    page.wait_for_url("**/sign-in/passkey?*")
    page.get_by_label("Don’t ask for a code on this device for 30 days").check()
    page.get_by_role("button", name="Use your passkey").click()
    page.wait_for_url(f"**{home.path}/")
    type_password(page, home, ada)
    page.wait_for_url(f"**{home.path}/")
    assert "Trusted device" in page.inner_text("main")


def type_password(page: Page, home: Home, who: Someone) -> None:
    page.goto(f"{home.path}/sign-in/again")
    page.fill("#email", who.email)
    page.keyboard.press("Enter")
    page.wait_for_url("**/password?*")
    page.fill("#password", who.password)
    page.keyboard.press("Enter")


def test_device_that_does_not_know_its_owner_leaves_the_page_as_it_was(page: Page, home: Home, device: CDPSession) -> None:
    ada = factories.account(home)
    give_passkey(device, home, ada)
    device.send("WebAuthn.setUserVerified", {"authenticatorId": device.authenticator, "isUserVerified": False})
    page.goto(f"{home.path}/sign-in")
    page.get_by_role("link", name="Sign in with a passkey").click()
    expect(page.get_by_role("status")).to_have_text("Nothing came back. Try again, or go another way.")
    device.send("WebAuthn.setUserVerified", {"authenticatorId": device.authenticator, "isUserVerified": True})
    page.get_by_role("button", name="Use your passkey").click()
    page.wait_for_url(f"**{home.path}/")


def test_passkey_that_is_unknown_here_is_refused_and_can_be_tried_again(page: Page, home: Home, device: CDPSession) -> None:
    ada = factories.account(home)
    other = factories.tenant(home.broker)
    give_passkey(device, other, factories.account(other))
    page.goto(f"{home.path}/sign-in")
    page.get_by_role("link", name="Sign in with a passkey").click()
    expect(page.locator(".alert-danger")).to_have_text("This passkey didn’t work here. Try again, or go another way.")
    assert ada.email not in page.inner_text("body")
    page.get_by_role("link", name="Other ways to sign in").click()
    expect(page.locator("#email")).to_be_focused()


def test_button_is_not_there_in_a_browser_without_passkeys(page: Page, home: Home) -> None:
    page.add_init_script("delete globalThis.PublicKeyCredential")
    page.goto(f"{home.path}/sign-in")
    expect(page.locator("#email")).to_be_focused()
    expect(page.get_by_role("link", name="Sign in with a passkey")).to_be_hidden()


def test_recovery_codes_are_copied_saved_and_printed(page: Page, home: Home) -> None:
    complaints = complaints_of(page)
    jo = factories.account(home, state="invited", with_password=False, with_totp=False, is_local_enabled=True)
    factories.invitation(home, "a-token-of-jo", jo.id)
    page.add_init_script("globalThis.print = () => { document.title = 'printed'; }")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(f"{home.path}/activate/a-token-of-jo")
    page.get_by_role("button", name="Start").click()
    page.fill("#new_password", steps.CHOSEN)
    page.fill("#repeat_password", steps.CHOSEN)
    page.keyboard.press("Enter")
    page.wait_for_url("**/activate/app?*")
    page.fill("#code", Someone(jo.id, jo.email, "", page.get_attribute("#secret", "data-value") or "").code(home.now))
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("Save your recovery codes")
    codes = page.inner_text("#codes").split()
    assert len(codes) == 10
    page.get_by_role("button", name="Copy").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()").split() == codes
    with page.expect_download() as saved:
        page.get_by_role("button", name="Download").click()
    assert saved.value.suggested_filename == f"recovery-codes-{home.slug}.txt"
    text = saved.value.path().read_text("utf-8")
    assert text.split()[-10:] == codes
    assert jo.email in text
    page.get_by_role("button", name="Print").click()
    assert page.title() == "printed"
    page.get_by_role("link", name="I have saved them").click()
    expect(page.locator("h1")).to_have_text("Your account is set up")
    assert complaints == []
