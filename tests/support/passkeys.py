"""Passkeys of a test's people: kept at the product, held by a device in software, and shown on the page that asks."""

from html import unescape

from tests.browser import Browser
from tests.factories import Home, Someone
from tests.peers.authenticator import Authenticator, Key, encoded
from tests.support import steps
from tests.support.rows import passkey


def device_of(home: Home, who: Someone, **traits) -> Authenticator:
    """A device with a passkey that the account has added."""
    device = Authenticator(_origin(home), **traits)
    add_passkey(home, who, device)
    return device


def add_passkey(home: Home, who: Someone, device: Authenticator, **values) -> Key:
    """One more on this device."""
    key = device.make_key(who.id)
    passkey(home, who.id, **{"credential_id": encoded(key.id), "public_key": encoded(key.cose)} | values)
    return key


def options_on(browser: Browser) -> str:
    """What the page would have the browser ask the device for, as JSON."""
    return unescape(browser.text.partition('data-options="')[2].partition('"')[0])


def show(browser: Browser, answer: str, **more: str) -> Browser:
    """Send what a device has said, as the page's script does."""
    form = browser.page.forms[0]
    return browser.post(
        browser.url, {"csrf_token": form.fields["csrf_token"].value, "tx": steps.tx_of(browser), "answer": answer} | more
    )


def at_passkey(browser: Browser, home: Home) -> Browser:
    """By the button of the first page."""
    browser.open(f"{home.path}/sign-in/again")
    return browser.follow("Sign in with a passkey")


def _origin(home: Home) -> str:
    return "/".join(home.url.split("/")[:3])
