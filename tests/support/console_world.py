"""The product on a port, providers and applications around it, and people with real browsers; for journeys in Chromium."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, TimeoutError, ViewportSize

from tests import factories
from tests.factories import Home, Someone
from tests.peers.entra import EntraPeer
from tests.peers.google import GooglePeer
from tests.peers.oidc import OidcPeer
from tests.peers.saml import SamlPeer
from tests.support.application_site import ApplicationSite
from tests.support.clock import FakeClock
from tests.support.internet import Internet
from tests.support.posted import Posted, posted
from tests.support.served import served
from tests.support.wiring import ENTRA

PHONE: ViewportSize = {"width": 390, "height": 844}
DESK: ViewportSize = {"width": 1280, "height": 800}
PUBLIC_CLOUD = "https://login.microsoftonline.com"
PATIENCE = 90_000
"""Milliseconds, on a machine that does much else."""


@dataclass
class World:
    """One installation. Windows are closed after each test; complaints are what browsers found wrong with our pages."""

    chromium: Browser
    internet: Internet
    post: Posted
    origin: str
    clock: FakeClock
    complaints: list[str] = field(default_factory=list)
    _contexts: list[BrowserContext] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.entra, self.shared_entra = EntraPeer(PUBLIC_CLOUD, self.clock), EntraPeer(ENTRA, self.clock)
        self.google, self.oidc = GooglePeer(self.clock), OidcPeer("https://idp.example", self.clock)
        self.saml = SamlPeer("https://saml.example", self.clock)
        for origin in (self.google.tokens, self.google.certificates):
            self.post.broker.ports.http.open(origin, self.google)
        for peer in (self.entra, self.shared_entra, self.google, self.oidc, self.saml):
            self.internet.open(peer.origin, peer)
            self.post.broker.ports.http.open(peer.origin, peer)

    def home(self, **policy: object) -> Home:
        """A new tenant."""
        return factories.tenant(self.post.broker, **policy)

    def application(self, home: Home) -> ApplicationSite:
        """A new one, which a browser finds."""
        made = ApplicationSite(self.post.app, home)
        self.internet.open(made.origin, made)
        return made

    def window(self, size: ViewportSize = DESK) -> Page:
        """Somebody's browser, new."""
        context = self.chromium.new_context(base_url=self.origin, viewport=size, ignore_https_errors=True)
        context.set_default_timeout(PATIENCE)
        self._contexts.append(context)
        page = context.new_page()
        page.on("console", self._note)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        return page

    def admin(self, home: Home, who: Someone, size: ViewportSize = DESK) -> "Hand":
        """The same at the console, signed in a moment ago."""
        page = self.window(size)
        cookie = factories.cookie_of(home, factories.session(home, who))
        page.context.add_cookies([{name if name != "key" else "name": value for name, value in cookie.items()}])
        page.goto(f"{home.path}/console/")
        return Hand(page)

    def close_windows(self) -> list[str]:
        """What was found wrong meanwhile."""
        for context in self._contexts:
            context.close()
        found, self.complaints, self._contexts = self.complaints, [], []
        return found

    def _note(self, said: ConsoleMessage) -> None:
        """A refusal is no fault of a page."""
        if said.type in {"error", "warning"} and "the server responded with a status of 4" not in said.text:
            self.complaints.append(f"{said.text} ({said.location.get('url')})")


class Hand:
    """An admin's: it presses and counts that. What is typed, pasted or picked as a file counts as nothing."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.presses: list[str] = []

    def link(self, name: str) -> "Hand":
        return self._press("link", name)

    def button(self, name: str) -> "Hand":
        return self._press("button", name)

    def choose(self, field_id: str, value: str) -> "Hand":
        """Of a list. A press too."""
        self.presses.append(field_id)
        self.page.select_option(f"#{field_id}", value)
        return self

    def paste(self, **values: str) -> "Hand":
        for name, value in values.items():
            self.page.fill(f"#{name}", value)
        return self

    def sees(self, text: str) -> "Hand":
        """On a page that fits its window."""
        try:
            self.page.locator("main").get_by_text(text).locator("visible=true").first.wait_for()
        except TimeoutError:
            raise AssertionError(f"“{text}” is not on {self.page.url}: {self.words}") from None
        assert self.page.evaluate("document.documentElement.scrollWidth <= innerWidth"), self.page.url
        return self

    @property
    def words(self) -> str:
        return " ".join(self.page.inner_text("main").split())

    def shown(self, name: str) -> str:
        """A value that is there to be copied, with its button."""
        field_ = self.page.locator(f"#{name}")
        self.page.locator(f'[data-copy="{name}"]').wait_for()
        return str(field_.get_attribute("data-value"))

    def _press(self, role: Any, name: str) -> "Hand":
        self.presses.append(name)
        self.page.get_by_role(role, name=name).first.click()
        return self


@contextmanager
def opened_world(chromium: Browser, internet: Internet, database_url: str) -> Iterator[World]:
    """The product is served before its address is known to it."""
    made: list[Any] = []
    clock = FakeClock()
    with served(lambda environ, start: made[0](environ, start)) as port:
        origin = f"http://localhost:{port}"
        with posted(database_url, clock, base_url=origin) as post:
            made.append(post.app)
            yield World(chromium, internet, post, origin, clock)
