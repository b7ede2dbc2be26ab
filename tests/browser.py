"""A browser without a window: follows redirects to where they rest, fills the forms that are really on the page.

    browser.open("/t/acme/sign-in")
    browser.submit(email="ada@acme.example")
    assert browser.at == "/t/acme/sign-in/password"
    browser.submit(password="…", press="Continue")

Redirects are followed inside the origins that `apps` names (one is enough); at any other origin the browser stops, and
`foreign` is the whole address it was sent to. Cookies are kept by host and path as browsers keep them: ports share.
"""

from collections.abc import Mapping
from typing import Self
from urllib.parse import urlencode, urljoin, urlsplit

from werkzeug.test import Client, TestResponse

from tests.support.html import Button, Form, Link, Page

LONGEST_CHAIN = 12
_KEEP_METHOD = {307, 308}


class BrowserError(AssertionError):
    """The page does not offer what the test wants to do."""


class Browser:
    """`at` is where it came to rest: path and query on the first origin, the whole address anywhere else."""

    def __init__(self, app, origin: str = "http://localhost:8000", *, others: Mapping[str, object] | None = None) -> None:
        """`others` maps further origins to the WSGI apps that answer there (identity providers, applications)."""
        self.home = origin
        self.address = "127.0.0.1"
        """Where it stands in the network."""
        self.languages = ""
        """Which languages its person reads, as its settings say: `de-AT, en;q=0.5`."""
        self._apps = {origin: app, **(others or {})}
        self.client = Client(self._dispatch)
        self.url = origin
        self.foreign: str | None = None
        self.hops: list[str] = []
        self.response: TestResponse | None = None
        self._page: Page | None = None

    # Where it is

    @property
    def at(self) -> str:
        url = self.foreign or self.url
        return url.removeprefix(self.home) or "/" if _origin(url) == self.home else url

    @property
    def path(self) -> str:
        """The path where it rests, without origin and query."""
        return urlsplit(self.foreign or self.url).path

    @property
    def status(self) -> int:
        return self.response.status_code

    @property
    def text(self) -> str:
        """The answer as it was sent."""
        return self.response.get_data(as_text=True)

    @property
    def page(self) -> Page:
        if self.foreign:
            raise BrowserError(f"the browser was sent to {self.foreign}, where no app of this test answers")
        if self._page is None:
            self._page = Page(self.text)
        return self._page

    @property
    def words(self) -> str:
        """All that can be read on the page."""
        return self.page.words

    @property
    def title(self) -> str:
        return self.page.title.strip()

    def __str__(self) -> str:
        return f"{self.status} at {self.at} (by way of {' → '.join(self.hops)})"

    # What a person does

    def open(self, url: str, **headers: str) -> Self:
        """Type an address. Header names are written with underscores: `accept_language="de"`."""
        return self._go("GET", self._absolute(url), headers={key.replace("_", "-"): v for key, v in headers.items()})

    def follow(self, wanted: str) -> Self:
        """Press the one link whose label or address contains `wanted`."""
        links = self.page.links
        exact = [link for link in links if wanted in (link.label, link.href)]
        found = exact or [link for link in links if wanted in link.label or wanted in link.href]
        addresses = {link.href for link in found}
        if len(addresses) != 1:
            raise BrowserError(f"{len(addresses)} links for {wanted!r} on {self}; there are {_labels(links)}")
        return self._go("GET", self._absolute(addresses.pop()))

    def wait(self) -> Self:
        """Let the page's own refresh happen."""
        if not self.page.refresh:
            raise BrowserError(f"no refresh on {self}")
        return self._go("GET", self._absolute(self.page.refresh))

    def submit(self, values: Mapping[str, str] | None = None, *, press: str | None = None, **more: str) -> Self:
        """Fill fields by name and send the form that has them; hidden fields go along untouched.

        `press` is the label or value of the button; needed where several forms or buttons fit.
        """
        wanted = {**(values or {}), **more}
        form, button = self._form_for(wanted, press)
        fields = form.fields.items()
        data = {name: one.checked if len(one.checked) > 1 else one.value for name, one in fields if one.value is not None}
        for name, value in wanted.items():
            _require_possible(form, name, value)
            data[name] = value
        if button and button.name:
            data[button.name] = button.value
        target = self._absolute((button.action if button else None) or form.action or self.url)
        if form.method == "GET":
            return self._go("GET", f"{target.partition('?')[0]}?{urlencode(data)}")
        return self._go("POST", target, data=data)

    def post(self, url: str, data: Mapping[str, str] | None = None, **headers: str) -> Self:
        """Send what no page offers: an attack, or another site's form."""
        named = {key.replace("_", "-"): value for key, value in headers.items()}
        return self._go("POST", self._absolute(url), data=data or {}, headers=named)

    def cookie(self, name: str) -> str | None:
        """The value of the first cookie whose name ends with `name`, or contains it, whatever its host and path, or None."""
        cookies = list(self.client._cookies.values())
        ending = (one.value for one in cookies if one.key == name or one.key.endswith(f"-{name}"))
        return next(ending, None) or (next((one.value for one in cookies if name in one.key), None) if name != "sid" else None)

    def stop_at(self, origin: str) -> Self:
        """From now on rest where it is sent to this origin, instead of going there."""
        self._apps.pop(origin, None)
        return self

    def forget_cookies(self) -> None:
        """Become another browser."""
        self.client = Client(self._dispatch)

    # How it is done

    def _dispatch(self, environ, start_response):
        app = self._apps[f"{environ['wsgi.url_scheme']}://{environ['HTTP_HOST']}"]
        return app(environ, start_response)

    def _absolute(self, url: str) -> str:
        return urljoin(self.url, url)

    def _form_for(self, wanted: Mapping[str, str], press: str | None) -> tuple[Form, Button | None]:
        fitting = []
        for form in self.page.forms:
            buttons = [b for b in form.buttons if press is None or press in (b.label, b.value)]
            if wanted.keys() <= form.fields.keys() and (buttons or press is None):
                fitting.append((form, buttons[0] if buttons else None))
        if len(fitting) != 1:
            asked = f"fields {sorted(wanted)}" + (f" and button {press!r}" if press else "")
            offered = "; ".join(map(str, self.page.forms)) or "no form"
            raise BrowserError(f"{len(fitting)} forms with {asked} on {self}: {offered}. It reads: {self.words[:300]}")
        return fitting[0]

    def _go(self, method: str, url: str, *, data=None, headers=None) -> Self:
        self.hops = []
        sent = dict(headers or {})
        if method == "POST":
            sent.setdefault("Origin", _origin(self.url))
        for _ in range(LONGEST_CHAIN):
            self.hops.append(f"{method} {url.removeprefix(self.home)}")
            if _origin(url) not in self._apps:
                self.foreign = url
                return self
            self._request(method, url, data, sent)
            location = self.response.headers.get("Location")
            if not location or not 300 <= self.status < 400:
                return self
            url = urljoin(url, location)
            if self.status not in _KEEP_METHOD:
                method, data = "GET", None
                sent.pop("Origin", None)
        raise BrowserError(f"no rest after {LONGEST_CHAIN} redirects: {' → '.join(self.hops)}")

    def _request(self, method: str, url: str, data, headers: Mapping[str, str]) -> None:
        parts = urlsplit(url)
        self.response = self.client.open(
            parts.path or "/",
            base_url=_origin(url),
            query_string=parts.query,
            method=method,
            data=data,
            headers=({"Accept-Language": self.languages} if self.languages else {}) | dict(headers),
            environ_base={"REMOTE_ADDR": self.address},
        )
        self.url = url
        self.foreign = None
        self._page = None


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _labels(links: list[Link]) -> str:
    return ", ".join(f"{link.label!r} → {link.href}" for link in links) or "none"


def _require_possible(form: Form, name: str, value: str) -> None:
    one = form.fields[name]
    if one.kind == "hidden":
        raise BrowserError(f"{name} is hidden: a person cannot fill it; use post() for what no page offers")
    if one.choices is not None and value not in one.choices:
        raise BrowserError(f"{name} offers {one.choices}, not {value!r}")
