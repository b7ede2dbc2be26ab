"""Every mail in Chromium, and the finder's way in a real browser: axe finds nothing, nothing is wider than a phone."""

from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, expect

from broker.mail.messages import Content
from tests import factories
from tests.support.axe import violations
from tests.support.mails import MAILS
from tests.support.posted import posted, text_of
from tests.support.served import served

PHONE = {"width": 320, "height": 640}
DESK = {"width": 1280, "height": 800}
BACKEND = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)


@pytest.fixture(scope="module")
def page(chromium: Browser) -> Iterator[Page]:
    """One for all: to open a window costs a browser more than to show a page."""
    context = chromium.new_context(viewport=DESK)
    yield context.new_page()
    context.close()


def made(app: Flask, name: str) -> Content:
    with app.app_context():
        return MAILS[name].make()


def as_shown(content: Content) -> str:
    """As a mail program shows it: with the pictures that the mail brings."""
    html = content.html
    for one in content.pictures:
        html = html.replace(f"cid:{one.name}", f"data:{one.media_type};base64,{b64encode(one.body).decode()}")
    return html


def is_accessible_and_fits(page: Page) -> None:
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        page.set_viewport_size(DESK)
        assert violations(page, scheme) == []
        page.set_viewport_size(PHONE)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


@BACKEND
@pytest.mark.parametrize("name", MAILS)
def test_mail_is_accessible_fits_and_fetches_nothing(app: Flask, page: Page, tmp_path: Path, name: str) -> None:
    file = tmp_path / "mail.html"
    file.write_text(as_shown(made(app, name)), encoding="utf-8")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(file.as_uri())
    is_accessible_and_fits(page)
    assert [url for url in asked if not url.startswith("data:image/png")] == [file.as_uri()]


@BACKEND
def test_finder_works_by_keyboard_and_without_a_script(chromium: Browser, database_url, clock) -> None:
    apps: list[Flask] = []
    context = chromium.new_context(java_script_enabled=False, viewport=PHONE)
    with (
        served(lambda environ, start: apps[0](environ, start)) as port,
        posted(database_url, clock, base_url=f"http://localhost:{port}") as post,
    ):
        apps.append(post.app)
        home = factories.tenant(post.broker)
        ada = factories.account(home)
        page = context.new_page()
        page.goto(f"http://localhost:{port}/")
        expect(page.locator("#email")).to_be_focused()
        page.keyboard.type(ada.email)
        page.keyboard.press("Enter")
        page.wait_for_url("**/sent")
        assert page.inner_text("h1") == "Check your mailbox"
        (mail,) = post.mails_to(ada.email)
        page.goto(f"{home.url}/sign-in?login_hint={ada.email}")
        assert home.url in text_of(mail)
        assert page.input_value("#email") == ada.email
    context.close()
