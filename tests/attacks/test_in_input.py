"""Attacks with odd input on every address (security.md, IN)."""

import re

import pytest
from structlog.testing import capture_logs
from werkzeug.test import create_environ
from werkzeug.wrappers import Response

from broker import create_app
from tenants.audit import Event, append
from tenants.ids import new_secret
from tenants.tenants import TenantSettings
from tests import factories
from tests.browser import Browser
from tests.support import steps
from tests.support.html import Page
from tests.support.routes import NAMES, csrf_token, of_nobody, places, send, tx_of
from tests.support.rows import passkey
from tests.support.stores import ON_POSTGRESQL, ON_SQLITE
from tests.support.wiring import ORIGIN, make_ports, make_settings

MAIN = "https://login.example"


@pytest.fixture
def home(broker):
    return factories.tenant(broker)


XSS = '"><script>alert(1)</script><img src=x onerror=alert(1)>'


@ON_SQLITE
def test_in02_nothing_that_is_sent_comes_back_as_markup(app, home, client):
    opened = factories.session(home)
    client.set_cookie(**factories.cookie_of(home, opened))
    tx = tx_of(client, home)
    for place in places(app, of_nobody(app, "%22%3E%3Cscript%3E", name="x")):
        prefix = home.path if place.is_tenants else ""
        sent = dict.fromkeys(NAMES, XSS) | {"tx": tx}
        if place.method != "GET":
            sent["csrf_token"] = csrf_token(client, home, place.path)
        named = {"query_string" if place.method == "GET" else "data": sent}
        answer = client.open(f"{prefix}{place.path}", method=place.method, base_url=ORIGIN, **named)
        assert "<script>" not in answer.text, place
        assert "onerror=alert" not in re.sub(r"&[a-z#0-9]+;.*?&[a-z#0-9]+;", "", answer.text), place


@ON_POSTGRESQL
def test_in09_zero_byte_in_whatever_is_sent_breaks_nothing(app, home, client):
    """PostgreSQL takes none as text."""
    ada = factories.account(home)
    key = passkey(home, ada.id)
    tx = tx_of(client, home)
    for place in places(app, of_nobody(app, name="x")):
        client.set_cookie(**factories.cookie_of(home, factories.session(home, ada)))
        sent = dict.fromkeys(NAMES, "a\x00b") | {"tx": tx, "csrf_token": ""}
        if place.method != "GET":
            sent["csrf_token"] = csrf_token(client, home, place.path)
        for more in ({}, {"passkey": key.id}) if place.path.startswith("/account") else ({},):
            named = {"query_string" if place.method == "GET" or more else "data": sent | more}
            prefix = home.path if place.is_tenants else ""
            answer = client.open(f"{prefix}{place.path}", method=place.method, base_url=ORIGIN, **named)
            assert answer.status_code < 500, place


def test_in02_what_is_stored_is_shown_as_text(app, broker):
    home = factories.tenant(broker)
    factories.connection(home, label=XSS, note=XSS)
    factories.application(home, name=XSS)
    ada = factories.account(home, name=XSS)
    browser = Browser(app, ORIGIN)
    steps.notice(home)
    browser.open(f"{home.path}/sign-in/again")
    pages = [browser.text]
    steps.prove(browser.submit(email=ada.email), home, ada)
    pages.append(browser.text)
    for page in pages:
        assert "<script>alert" not in page
        assert "<img src=x" not in page
    assert "<script>alert(1)</script>" in browser.words


def test_in02_every_page_has_a_strict_policy_and_no_inline_script(app, home, client):
    for path in ("/", "/sign-in/again", "/signed-out", "/nowhere", "/sign-in?tx=x"):
        answer = client.get(f"{home.path}{path}", base_url=ORIGIN, follow_redirects=True)
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "*" not in policy
        assert not re.search(r"<script(?![^>]*\ssrc=)|\son[a-z]+=|<style|\sstyle=|javascript:", answer.text)


@pytest.fixture(scope="module")
def proxied(database_url, clock):
    made = create_app(make_settings(database_url, trusted_proxies=("10.0.0.0/8", "192.0.2.1")), ports=make_ports(clock))
    yield made
    made.extensions["broker"].db.dispose()


@ON_SQLITE
@pytest.mark.parametrize(
    ("peer", "forwarded", "seen"),
    [
        ("203.0.113.5", "198.51.100.1", "203.0.113.5"),
        ("10.0.0.1", "198.51.100.1", "198.51.100.1"),
        ("10.0.0.1", "6.6.6.6, 198.51.100.1", "198.51.100.1"),
        ("10.0.0.1", "6.6.6.6, 198.51.100.1, 192.0.2.1, 10.9.9.9", "198.51.100.1"),
        ("10.0.0.1", "198.51.100.1, evil", "10.0.0.1"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("10.0.0.1", "10.0.0.2", "10.0.0.1"),
        ("10.0.0.1", "2001:db8::1", "2001:db8::1"),
    ],
    ids=["a stranger", "one proxy", "an invented first hop", "a chain of ours", "no address", "empty", "ours only", "IPv6"],
)
def test_in03_client_address_is_the_last_hop_that_is_not_ours(proxied, peer, forwarded, seen):
    home = factories.tenant(proxied.extensions["broker"])
    environ = create_environ(f"{home.path}/sign-in?tx=x", ORIGIN, headers={"X-Forwarded-For": forwarded})
    environ["REMOTE_ADDR"] = peer
    Response.from_app(proxied, environ)
    (event,) = steps.events(home)
    assert event.address == seen


NASTY = '\x1b[31mred\x1b[0m\r\nfake line {"event": "x"} \u2028\u202e' + "a" * 3000


def test_in04_log_and_audit_stay_one_line(app, home):
    environ = create_environ(f"{home.path}/sign-in?tx=x", ORIGIN)
    environ["HTTP_USER_AGENT"] = NASTY
    with capture_logs() as logs:
        Response.from_app(app, environ)
    (event,) = steps.events(home)
    for text in [event.user_agent, *event.detail.values(), *(str(value) for line in logs for value in line.values())]:
        assert text.isprintable(), text
        assert len(text) <= 500


def test_in04_address_that_is_refused_is_cut_and_printable(home):
    with home.db.writing() as db:
        append(db, Event.LOGIN_REFUSED, at=home.now, detail={"detail": NASTY}, user_agent=NASTY)
    (event,) = steps.events(home)
    assert event.detail["detail"].isprintable()
    assert len(event.detail["detail"]) == 500
    assert len(event.user_agent) == 300


def test_in05_braces_and_percents_are_shown_as_they_are(app, broker, client):
    text = "{{7*7}} ${7*7} %s %(x)s {0.__class__} {% raw %}"
    home = factories.tenant(broker)
    factories.connection(home, label=text, note=text)
    page = Page(client.get(f"{home.path}/sign-in", base_url=ORIGIN, follow_redirects=True).text)
    assert text in page.words


@pytest.mark.both_databases
@pytest.mark.parametrize("text", ["'", "' OR '1'='1", '"; DROP TABLE accounts; --', "%", "_", "\\", "x' UNION SELECT 1 --"])
def test_in06_sql_in_any_field_finds_nothing(app, home, text):
    factories.account(home)
    client = app.test_client()
    for name in ("tx", "code", "way", "connection"):
        answer = client.get(f"{home.path}/sign-in/choose", base_url=ORIGIN, query_string={name: text})
        assert answer.status_code == 400
    form = {"grant_type": "authorization_code", "code": text, "client_id": text, "client_secret": text}
    assert client.post(f"{home.path}/oidc/token", base_url=ORIGIN, data=form).status_code == 401
    client.set_cookie(f"{home.slug}-sid", "x' OR 1=1 --", domain="localhost", path=home.path)
    assert client.get(f"{home.path}/", base_url=ORIGIN).status_code == 303


@ON_SQLITE
@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "TRACE", "PUT", "PATCH", "DELETE", "PROPFIND", "get", "X" * 100])
def test_in07_other_methods_change_nothing(app, home, method):
    opened, token = factories.session(home), new_secret()
    factories.invitation(home, token)
    tx = new_secret()
    for place in places(app, of_nobody(app, token=token)):
        if place.is_tenants:
            send(app, method, f"{home.path}{place.path}", query=f"tx={tx}".encode(),
                 headers=[("Cookie", f"{home.slug}-sid={opened.secret}")])  # fmt: skip
    assert [event.event for event in steps.events(home) if not event.event.endswith(".refused")] == []
    client = app.test_client()
    client.set_cookie(**factories.cookie_of(home, opened))
    assert client.get(f"{home.path}/", base_url=ORIGIN).status_code == 200
    assert client.get(f"{home.path}/activate/{token}", base_url=ORIGIN).status_code == 200


@pytest.mark.parametrize("override", [{"X-HTTP-Method-Override": "POST"}, {"X-Method-Override": "DELETE"}])
def test_in07_method_is_the_method(app, home, override):
    opened = factories.session(home)
    client = app.test_client()
    client.set_cookie(**factories.cookie_of(home, opened))
    answer = client.get(f"{home.path}/sign-out", base_url=ORIGIN, headers=override, query_string={"_method": "POST"})
    assert answer.status_code == 405
    assert client.get(f"{home.path}/", base_url=ORIGIN).status_code == 200


BODIES = {
    "a megabyte": (b"email=" + b"a" * 1_000_000, "application/x-www-form-urlencoded"),
    "many parts": (b"--x\r\nContent-Disposition: form-data; name=a\r\n\r\n\r\n" * 4000, "multipart/form-data; boundary=x"),
    "many fields": (b"a=1&" * 60_000, "application/x-www-form-urlencoded"),
    "deep JSON": (b"[" * 200_000, "application/json"),
    "a strange charset": ("email=ü".encode("utf-16"), "application/x-www-form-urlencoded; charset=utf-16"),
}


@ON_SQLITE
@pytest.mark.parametrize(("body", "content_type"), BODIES.values(), ids=BODIES)
def test_in08_bodies_beyond_measure_are_answered_everywhere(app, home, body, content_type):
    for place in places(app, of_nobody(app)):
        if place.method == "POST":
            answer = send(app, "POST", f"{home.path}{place.path}", body=body, content_type=content_type)
            assert 300 <= answer.status_code < 500, place


@pytest.mark.parametrize(
    ("endpoint", "kind"),
    [("/sign-in", "many parts"), ("/sign-in", "many fields"), ("/oidc/token", "many fields"), ("/callback/x", "many fields")],
)
def test_in08_form_of_many_fields_is_not_taken_apart(app, home, endpoint, kind):
    factories.connection(home, "x")
    body, content_type = BODIES[kind]
    assert send(app, "POST", f"{home.path}{endpoint}", body=body, content_type=content_type).status_code == 413


@pytest.mark.parametrize("endpoint", ["/sign-in", "/oidc/token", "/oidc/authorize", "/callback/x"])
def test_in08_too_large_a_body_is_not_read(app, home, endpoint):
    environ = create_environ(f"{home.path}{endpoint}", ORIGIN, method="POST")
    environ |= {"CONTENT_TYPE": "application/x-www-form-urlencoded", "CONTENT_LENGTH": str(10**9)}
    environ["wsgi.input"] = Untouched()
    assert Response.from_app(app, environ).status_code in {404, 413}


class Untouched:
    """A body that must not be read."""

    def read(self, size=-1):
        raise AssertionError("it was read")

    readline = readinto = read


FIXED = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Strict-Transport-Security": "max-age=31536000",
}


@ON_SQLITE
def test_in10_headers_stand_on_every_answer(database_url, clock):
    secure = create_app(make_settings(database_url, base_url=MAIN), ports=make_ports(clock))
    home = factories.tenant(secure.extensions["broker"])
    with home.db.writing() as db:
        row = db.get_one(TenantSettings, (home.id, "settings"))
        row.colour, row.logo, row.logo_type = "#0d6b64", b"<svg xmlns='http://www.w3.org/2000/svg'/>", "image/svg+xml"
    kinds = set()
    paths = [place.path for place in places(secure, of_nobody(secure) | {"name": ["look.css", "x"]})]
    for path in [*paths, "/nowhere", "/oidc/userinfo"]:
        for prefix in (home.path, ""):
            for method in ("GET", "POST", "PUT"):
                answer = Response.from_app(secure, create_environ(f"{prefix}{path}", MAIN, method=method))
                for name, value in FIXED.items():
                    assert answer.headers.getlist(name) == [value], (path, name)
                assert answer.headers["Cross-Origin-Opener-Policy"] == "same-origin"
                assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
                assert "Cache-Control" in answer.headers
                assert not {"Server", "X-Powered-By"} & set(answer.headers.keys())
                kinds.add((answer.mimetype, answer.status_code // 100))
    secure.extensions["broker"].db.dispose()
    wanted = {("text/html", 2), ("text/html", 4), ("application/json", 2), ("application/json", 4), ("text/css", 2)}
    assert kinds >= wanted | {("image/svg+xml", 2), ("text/html", 3)}
