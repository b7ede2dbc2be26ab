"""Emergency access in a real browser, by keyboard, from the operator's link to the console."""

from collections.abc import Iterator

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, expect

from broker.wiring import Broker
from tenants.addresses import normalise_address
from tenants.door_keeping import grant_door
from tests import factories
from tests.factories import Home, Someone
from tests.support.doors import SECRET
from tests.support.rows import backdoor
from tests.support.served import served
from tests.support.steps import CHOSEN, fresh_code, notice
from tests.support.stores import ON_SQLITE

pytestmark = ON_SQLITE
"""What a browser does with a page is no matter of the database."""


@pytest.fixture
def home(broker: Broker) -> Home:
    made = factories.tenant(broker, local_enabled=False)
    backdoor(made, SECRET)
    notice(made)
    return made


@pytest.fixture
def page(chromium: Browser, app: Flask) -> Iterator[Page]:
    with served(app) as port:
        context = chromium.new_context(base_url=f"http://localhost:{port}")
        yield context.new_page()
        context.close()


def test_admin_sets_up_and_goes_through(page: Page, home: Home) -> None:
    complaints: list[str] = []
    # Not its hints: they come when the browser finds the time, and are about pages that may be gone by then.
    page.on("console", lambda message: complaints.append(message.text) if message.type in {"error", "warning"} else None)
    ada = factories.account(home, role="owner", with_password=False)
    with home.db.writing() as db:
        token, _ = grant_door(db, normalise_address(ada.email), home.now)
    page.goto(f"{home.path}/activate/door/{token}")
    page.get_by_role("button", name="Start").click()
    page.wait_for_url("**/activate/door/password?*")
    expect(page.locator("#new_password")).to_be_focused()
    page.keyboard.type(CHOSEN)
    page.fill("#repeat_password", CHOSEN)
    page.keyboard.press("Enter")
    page.wait_for_url("**/activate/door/app?*")
    made = Someone(ada.id, ada.email, CHOSEN, page.get_attribute("#secret", "data-value") or "")
    page.fill("#code", made.code(home.now))
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("Emergency access is set up")

    page.goto(f"{home.path}/door/{SECRET}")
    expect(page.locator("#email")).to_be_focused()
    page.keyboard.type(ada.email)
    page.keyboard.press("Tab")
    page.keyboard.type("not the password")
    page.keyboard.press("Tab")
    page.keyboard.type("000000")
    page.keyboard.press("Enter")
    wrong = "The e-mail address, the password or the code is not right."
    expect(page.locator("#password-error")).to_have_text(wrong)
    assert page.input_value("#email") == ada.email
    expect(page.locator("#password")).to_be_focused()
    assert page.title().startswith("Error: ")
    page.keyboard.type(CHOSEN)
    page.keyboard.press("Tab")
    page.keyboard.type(fresh_code(home, made))
    page.keyboard.press("Enter")
    page.wait_for_url("**/console/")
    assert "emergency access" in page.inner_text("main")
    # What the browser says of where it came from, and what a page's script could read of it.
    assert page.evaluate("document.referrer") == ""
    refusal = "Failed to load resource: the server responded with a status of 403"
    assert [one for one in complaints if refusal not in one] == []
