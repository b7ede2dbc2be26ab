"""Every address of the product, filled in: for tests that walk all of them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from flask import Flask
from werkzeug.test import Client, TestResponse, create_environ
from werkzeug.wrappers import Response

from tests.factories import Home
from tests.support.html import Page
from tests.support.wiring import ORIGIN


@dataclass(frozen=True)
class Place:
    """One route with one method and its parts filled in. `is_filled`: a part came from the table of values."""

    endpoint: str
    method: str
    path: str
    is_tenants: bool
    is_filled: bool

    def __str__(self) -> str:
        return f"{self.method} {self.path} ({self.endpoint})"


def places(app: Flask, values: Mapping[str, Sequence[str]]) -> Iterator[Place]:
    """Every route with each of its methods and each of `values` (by the name of the part). A name without fails."""
    for rule in app.url_map.iter_rules():
        fillings: list[dict[str, str]] = [{}]
        # The operator's pages are closed to everybody here, whatever they name.
        known = OF_OPERATORS | dict(values) if rule.subdomain == "operator" else values
        for name in sorted(rule.arguments):
            if name not in known:
                raise AssertionError(f"{rule.rule}: no value for <{name}>; say what of another tenant may stand there")
            fillings = [filling | {name: value} for filling in fillings for value in known[name]]
        for filling in fillings:
            path = rule.rule
            for name, value in filling.items():
                path = path.replace(f"<{name}>", value)
            for method in sorted((rule.methods or set()) - {"OPTIONS", "HEAD"}):
                yield Place(rule.endpoint, method, path, rule.subdomain == "tenant", bool(filling))


OF_OPERATORS = {"slug": ["acme"], "operator": ["opr_x"]}


def of_nobody(app: Flask, value: str = "x", **own: str) -> dict[str, list[str]]:
    """A value for every part of an address that means nothing to anybody. `own`: other ones, by the name of the part."""
    names = {name for rule in app.url_map.iter_rules() for name in rule.arguments}
    return {name: [own.get(name, "look.css" if name == "name" else value)] for name in names}


def csrf_token(client: Client, home: Home, path: str) -> str:
    """A token that is good for a form at this path, for this browser."""
    page = "/sign-in" if path.startswith(("/sign-in", "/activate", "/first-login", "/reset")) else "/"
    place = "/operator/sign-in" if path.startswith("/operator/") else f"{home.path}{page}"
    answer = client.get(place, base_url=ORIGIN, follow_redirects=True)
    return next(form.fields["csrf_token"].value for form in Page(answer.text).forms if "csrf_token" in form.fields)


def tx_of(client: Client, home: Home) -> str:
    """A fresh sign-in of this browser."""
    return client.get(f"{home.path}/sign-in", base_url=ORIGIN).headers["Location"].partition("tx=")[2]


def everything(answer: TestResponse) -> str:
    """All that an answer says, headers included."""
    return f"{answer.status}\n{answer.headers}\n{answer.get_data().decode('utf-8', 'replace')}"


NAMES = (
    "tx", "email", "password", "code", "connection", "way", "other", "ended", "state", "iss", "error", "session_state",
    "new_password", "repeat_password", "csrf_token", "client_id", "client_secret", "redirect_uri", "response_type",
    "response_mode", "scope", "nonce", "prompt", "max_age", "login_hint", "domain_hint", "id_token_hint", "acr_values",
    "claims", "request", "request_uri", "code_challenge", "code_challenge_method", "code_verifier", "grant_type",
    "refresh_token", "access_token", "post_logout_redirect_uri", "ui_locales", "v", "_method", "x[]", "",
    "answer", "trust", "send", "again", "done", "before", "session", "passkey", "label",
    "link", "later", "key", "number", "seen", "what", "directory", "rules", "preview", "test", "on", "end", "q",
    "allowed", "routing", "link_id", "hand_over",
)  # fmt: skip
"""Every parameter that anything of the product reads, and a few that nothing does."""


def send(app, method, path, *, query=b"", body=b"", headers=(), content_type=""):
    """What no well-behaved client would send."""
    environ = create_environ("/", ORIGIN, method=method, headers=list(headers))
    environ["PATH_INFO"] = path
    environ["QUERY_STRING"] = query.decode("latin-1")
    environ["CONTENT_TYPE"] = content_type
    environ["CONTENT_LENGTH"] = str(len(body))
    environ["wsgi.input"].write(body)
    environ["wsgi.input"].seek(0)
    return Response.from_app(app, environ)
