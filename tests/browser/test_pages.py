"""Every page in Chromium: axe finds nothing, the policy blocks nothing, nothing is wider than a small phone."""

import threading
from collections.abc import Iterator
from urllib.parse import parse_qs

import pytest
import requests
from flask import render_template
from playwright.sync_api import Browser, Page
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.serving import WSGIRequestHandler, make_server

from broker.password_rules import checklist
from tenants.password_policies import PasswordRules
from tenants.passwords import PRESETS, check_password
from tenants.policies import TenantPolicy
from tests.support.axe import opened_glass
from tests.support.frames import shown_in_frames
from tests.support.pages import SAMPLES, address_of, page_app

PHONE = {"width": 320, "height": 640}
DESK = {"width": 1280, "height": 800}
WORDS = ("acme", "jane", "o'hara")
LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
OWN_RULES = {
    "passphrases": TenantPolicy(password="l5c", password_rules=PasswordRules(passphrase_length=20)),
    "two-kinds": TenantPolicy(password_rules=PasswordRules(classes=("digit", "symbol"), classes_required=2, max_length=20)),
    "umlauts": TenantPolicy(password_rules=PasswordRules(alphabet=LETTERS + "äöüß -]^\\")),
    "mailed-codes": TenantPolicy(email_factor=True),
}
POLICIES = dict(PRESETS) | {name: policy.password_policy for name, policy in OWN_RULES.items()}


BARE = '<!doctype html><link rel="icon" href="/static/favicon.svg"><title>Bare</title><body>'
"""A page of the same place for others to stand in."""


class Quiet(WSGIRequestHandler):
    """No line for each request."""

    def log(self, type: str, message: str, *args: object) -> None:
        return


@pytest.fixture(scope="module")
def origin() -> Iterator[str]:
    """Where the sample pages are served."""
    app = page_app()
    app.add_url_rule("/bare", "bare", lambda: BARE)
    app.add_url_rule("/rules/<policy>", "rules", show_rules, subdomain="tenant")
    server = make_server("127.0.0.1", 0, DispatcherMiddleware(app, {"/t/acme": app}), threaded=True, request_handler=Quiet)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def show_rules(policy: str) -> str:
    """The page on which a password is chosen, with the rules of a policy."""
    sample = SAMPLES["choose-password"]
    return render_template(sample.template, **sample.context | {"rules": checklist(POLICIES[policy], WORDS)})


@pytest.fixture(scope="module")
def window(chromium: Browser, origin: str) -> Iterator[Page]:
    """One for all: to open a window costs a browser more than to show a page."""
    context = chromium.new_context(base_url=origin, viewport=DESK)
    yield context.new_page()
    context.close()


@pytest.fixture
def page(window: Page) -> Page:
    """As if it was new."""
    window.set_viewport_size(DESK)
    return window


LEADING_ON = {"hand-over", "post-over"}
"""Pages that nobody stays on."""
SHOWN = [name for name in SAMPLES if name not in LEADING_ON]


def test_pages_fit_a_small_phone_and_displease_no_browser(page: Page) -> None:
    complaints: list[str] = []
    page.on("console", lambda said: complaints.append(f"{said.location['url']}: {said.text}"))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto("/bare")
    shown = dict(zip(SHOWN, shown_in_frames(page, [address_of(name) for name in SHOWN]), strict=True))
    assert {name: found for name, found in shown.items() if not found.fits} == {}
    assert complaints == []


FIRST_OF_TEMPLATE = {SAMPLES[name].template: name for name in reversed(SHOWN)}
"""axe looks at a template in one of its states: what else can be told of the others, their markup tells (test_templates.py)."""


def test_templates_are_accessible(chromium: Browser, origin: str) -> None:
    with opened_glass(chromium, f"{origin}/bare", viewport=DESK) as look:
        found = {name: look(requests.get(origin + address_of(name), timeout=30).text) for name in FIRST_OF_TEMPLATE.values()}
    assert {name: wrong for name, wrong in found.items() if wrong} == {}


def test_hand_over_leads_on_by_itself(page: Page) -> None:
    with page.expect_request("https://login.example/authorize?a=1&b=2") as request:
        page.goto(address_of("hand-over"))
    assert request.value.is_navigation_request()


def test_post_over_leads_on_by_itself(page: Page) -> None:
    with page.expect_request("https://idp.example/sso?a=1&b=2") as request:
        page.goto(address_of("post-over"), wait_until="commit")
    assert request.value.method == "POST"
    assert request.value.is_navigation_request()
    fields = {"SAMLRequest": ["PHNhbWxwOkF1dGhuUmVxdWVzdA=="], "RelayState": ['a"><script>']}
    assert parse_qs(request.value.post_data) == fields


def test_post_over_leads_on_by_its_button_without_a_script(chromium: Browser, origin: str) -> None:
    context = chromium.new_context(base_url=origin, viewport=PHONE, java_script_enabled=False)
    context.route("https://idp.example/**", lambda route: route.fulfill(body="arrived"))
    page = context.new_page()
    page.goto(address_of("post-over"))
    assert page.get_by_role("heading", level=1).inner_text() == "Taking you to Acme company login"
    page.get_by_role("button", name="Continue to Acme company login").click()
    assert page.inner_text("body") == "arrived"
    context.close()


def test_checklist_follows_the_typing(page: Page) -> None:
    page.goto(address_of("choose-password"))
    assert met(page) == set()
    page.type("#new_password", "jane 1A")
    assert met(page) == {"classes"}
    page.fill("#new_password", "Correct1Horse")
    assert met(page) == {"length", "classes", "alphabet", "personal"}
    page.fill("#repeat_password", "Correct1Horse")
    assert met(page) == {"length", "classes", "alphabet", "personal", "same"}
    assert page.text_content("[data-rule=same] [data-state]") == ", done"
    assert page.text_content("[data-rule=leaked] [data-state]") == ", checked when you save"
    page.fill("#new_password", 'O"HARA-is-17-characters-long')
    assert met(page) == {"classes", "alphabet"}
    assert page.text_content("[data-rule=same] [data-state]") == ", not yet"


TYPED = (
    "short",
    "Correct1",
    "correct horse battery staple",
    "Ünïcode1ß",
    "Jane.Doe-2026",
    "dot.@here1A",
    "back\\slash1A",
    "ﬁve-ﬁve-1A",
    "a]b^c-D[1}",
    "x-j@n3-Kettle",
    "ten 🦊🦊 und zehn",
    "nineteen characters",
    "twenty characters ->",
)


@pytest.mark.parametrize("policy", POLICIES)
def test_browser_and_server_agree(page: Page, policy: str) -> None:
    page.goto(f"/t/acme/rules/{policy}")
    lines = page.locator("[data-check]:not([data-check=''])")
    followed = set(lines.evaluate_all("lines => lines.map(line => line.dataset.rule)"))
    for password in TYPED:
        page.fill("#new_password", password)
        outcomes = check_password(POLICIES[policy], password, WORDS)
        assert met(page) == {outcome.code for outcome in outcomes if outcome.met} & followed, password
        assert {outcome.code for outcome in outcomes} - followed == {"blocklist", "strength"}


def test_secret_is_copied_without_its_spaces(page: Page) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(address_of("enrol"))
    page.click("button[data-copy=secret]")
    page.wait_for_function("document.querySelector('[data-label]').textContent === 'Copied'")
    assert page.evaluate("navigator.clipboard.readText()") == "JBSWY3DPEHPK3PXP" * 2


def test_pages_work_without_a_script(chromium: Browser, origin: str) -> None:
    context = chromium.new_context(base_url=origin, java_script_enabled=False)
    page = context.new_page()
    page.goto(address_of("enrol"))
    assert not page.is_visible("button[data-copy=secret]")
    page.goto(address_of("choose-password"))
    assert page.is_visible("text=The same in both fields")
    context.close()


def met(page: Page) -> set[str]:
    """The codes of the rules that are shown as met."""
    shown = page.locator("[data-rule].met")
    return {str(shown.nth(index).get_attribute("data-rule")) for index in range(shown.count())}
