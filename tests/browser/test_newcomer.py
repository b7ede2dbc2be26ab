"""The demo as a newcomer meets it, in a real browser: invitation mail, first login, recovery, passkey, application."""

import re
from collections.abc import Iterator

import pyotp
import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect

from broker.demo.people import ENTERED, INVITED
from tests.support.demo import RunningDemo
from tests.support.steps import CHOSEN

SIZES: dict[str, ViewportSize] = {"phone": {"width": 390, "height": 844}, "desk": {"width": 1280, "height": 800}}
NINA, NOAH = INVITED[1], ENTERED
LOOKS = 200
"""At the mailbox, before a mail counts as never sent."""
AUTHENTICATOR = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


@pytest.fixture
def size(request: pytest.FixtureRequest) -> ViewportSize:
    return SIZES[request.param]


@pytest.fixture
def page(size: ViewportSize, chromium: Browser) -> Iterator[Page]:
    context = chromium.new_context(viewport=size)
    yield context.new_page()
    context.close()


def newest_mail(demo: RunningDemo, page: Page, to: str, subject: str) -> str:
    """The text of the newest mail to an address with this subject, read in a tab of its own."""
    mailbox = page.context.new_page()
    mailbox.goto(demo.places.mailbox)
    mail = mailbox.get_by_role("row").filter(has_text=to).filter(has_text=re.compile(subject))
    for _ in range(LOOKS):
        if mail.count():
            break
        mailbox.reload()
    mail.first.get_by_role("link").click()
    text = mailbox.inner_text("pre")
    mailbox.close()
    return text


def come_from_application(demo: RunningDemo, page: Page) -> None:
    page.goto(demo.places.desk)
    page.get_by_text("Sign in with Lumen Studio").click()
    page.wait_for_url("**/t/lumen/sign-in**")


def choose_and_enrol(page: Page) -> None:
    """Password, app, recovery codes: from the page of the rules to the last one."""
    page.fill("#new_password", CHOSEN)
    page.fill("#repeat_password", CHOSEN)
    page.keyboard.press("Enter")
    expect(page.locator("#secret")).to_be_visible()
    secret = page.get_attribute("#secret", "data-value") or ""
    page.fill("#code", pyotp.TOTP(secret).now())
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("Save your recovery codes")
    assert len(page.inner_text("#codes").split()) == 10
    page.get_by_role("link", name="I have saved them").click()
    expect(page.locator("h1")).to_have_text("Your account is set up")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def add_passkey(demo: RunningDemo, page: Page) -> None:
    device = page.context.new_cdp_session(page)
    device.send("WebAuthn.enable")
    device.send("WebAuthn.addVirtualAuthenticator", {"options": AUTHENTICATOR})
    page.goto(f"{demo.places.tenant('lumen')}/account")
    page.get_by_role("link", name="Add a passkey").click()
    page.get_by_role("button", name="Add a passkey").click()
    expect(page.get_by_role("status")).to_contain_text("The passkey was added.")


def is_in_application(demo: RunningDemo, page: Page, who: str) -> None:
    page.wait_for_url(f"{demo.places.desk}/")
    assert who in page.inner_text("main")


def comes_back_with_nothing_but_a_passkey(demo: RunningDemo, page: Page, who: str) -> None:
    add_passkey(demo, page)
    page.goto(demo.places.desk)
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/signed-out**")
    come_from_application(demo, page)
    page.get_by_role("link", name="Sign in with a passkey").click()
    is_in_application(demo, page, who)


@pytest.mark.parametrize("size", ["desk"], indirect=True)
def test_newcomer_opens_the_invitation_and_later_comes_back_with_a_passkey(demo: RunningDemo, page: Page) -> None:
    link = re.search(r"http\S+/activate/\S+", newest_mail(demo, page, NINA, "^Set up your account"))
    assert link
    page.goto(link[0])
    page.get_by_role("button", name="Start").click()
    choose_and_enrol(page)
    page.get_by_role("link", name="Continue").click()
    expect(page.locator("h1")).to_have_text("Your applications")
    page.goto(demo.places.desk)
    page.get_by_text("Sign in with Lumen Studio").click()
    is_in_application(demo, page, NINA)
    comes_back_with_nothing_but_a_passkey(demo, page, NINA)


@pytest.mark.parametrize("size", ["phone"], indirect=True)
def test_newcomer_starts_at_the_application_with_a_mailed_code(demo: RunningDemo, page: Page) -> None:
    come_from_application(demo, page)
    page.get_by_role("link", name="First time here?").click()
    page.fill("#email", NOAH)
    page.get_by_role("button", name="Send code").click()
    page.fill("#code", re.search(r"\d{6}", newest_mail(demo, page, NOAH, "is your code").replace(" ", ""))[0])
    page.get_by_role("button", name="Verify").click()
    choose_and_enrol(page)
    page.get_by_role("link", name="Continue to Desk Reservation").click()
    is_in_application(demo, page, NOAH)
    comes_back_with_nothing_but_a_passkey(demo, page, NOAH)
