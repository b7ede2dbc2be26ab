"""Every mail in Chromium, and the finder's way in a real browser: axe finds nothing, nothing is wider than a phone."""

import re
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
from tests.support.stores import ON_SQLITE

PHONE = {"width": 320, "height": 640}
DESK = {"width": 1280, "height": 800}


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


def fits(page: Page) -> bool:
    page.set_viewport_size(PHONE)
    fitting = bool(page.evaluate("document.documentElement.scrollWidth <= innerWidth"))
    page.set_viewport_size(DESK)
    return fitting


def findings(page: Page) -> list[object]:
    found = []
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        found += violations(page, scheme)
    return found


@ON_SQLITE
def test_mails_are_accessible_fit_and_fetch_nothing(app: Flask, page: Page, tmp_path: Path) -> None:
    """Mails are made of few parts: axe looks at the first of those that are made of the same."""
    looked_at: set[frozenset[str]] = set()
    wrong: dict[str, list[object]] = {}
    page.on("request", lambda request: asked.append(request.url))
    for name in MAILS:
        asked: list[str] = []
        file = tmp_path / f"{name}.html"
        file.write_text(shown := as_shown(made(app, name)), encoding="utf-8")
        page.goto(file.as_uri())
        parts = frozenset(re.findall(r'<\w+|class="[^"]*"', shown))
        found = [] if parts in looked_at else findings(page)
        looked_at.add(parts)
        if not fits(page):
            found.append("is wider than a phone")
        found += [url for url in asked if not url.startswith("data:image/png") and url != file.as_uri()]
        if found:
            wrong[name] = found
    assert wrong == {}
    assert 1 < len(looked_at) < len(MAILS)


@ON_SQLITE
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
