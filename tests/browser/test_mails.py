"""Every mail in Chromium, and the finder's way in a real browser: axe finds nothing, nothing is wider than a phone."""

import re
from base64 import b64encode

import pytest
from flask import Flask
from playwright.sync_api import Browser, expect

from broker.mail.messages import Content
from tests import factories
from tests.support.axe import opened_glass
from tests.support.frames import shown_in_frames
from tests.support.mails import MAILS
from tests.support.posted import posted, text_of
from tests.support.served import served
from tests.support.stores import ON_SQLITE

PHONE = {"width": 320, "height": 640}
DESK = {"width": 1280, "height": 800}


def made(app: Flask, name: str) -> Content:
    with app.app_context():
        return MAILS[name].make()


def as_shown(content: Content) -> str:
    """As a mail program shows it: with the pictures that the mail brings."""
    html = content.html
    for one in content.pictures:
        html = html.replace(f"cid:{one.name}", f"data:{one.media_type};base64,{b64encode(one.body).decode()}")
    return html


@pytest.fixture(scope="module")
def mails(app: Flask) -> dict[str, str]:
    """All of them as they are shown."""
    return {name: as_shown(made(app, name)) for name in MAILS}


@ON_SQLITE
def test_mails_fit_a_small_phone_and_fetch_nothing(mails: dict[str, str], chromium: Browser) -> None:
    context = chromium.new_context()
    page = context.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    shown = dict(zip(mails, shown_in_frames(page, list(mails.values()), as_text=True), strict=True))
    assert {name: found for name, found in shown.items() if not found.fits} == {}
    assert {url for url in asked if not url.startswith("data:image/png")} == set()
    context.close()


@ON_SQLITE
def test_mails_are_accessible(mails: dict[str, str], chromium: Browser) -> None:
    """They are made of few parts: axe looks at the first of those that are made of the same."""
    looked_at: set[frozenset[str]] = set()
    wrong: dict[str, object] = {}
    with opened_glass(chromium, "about:blank", viewport=DESK) as look:
        for name, mail in mails.items():
            parts = frozenset(re.findall(r'<\w+|class="[^"]*"', mail))
            if parts not in looked_at and (found := look(mail)):
                wrong[name] = found
            looked_at.add(parts)
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
