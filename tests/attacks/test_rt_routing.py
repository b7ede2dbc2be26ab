"""Attacks on the way from host and path to the tenant (security.md, RT)."""

import re

import pytest
from werkzeug.test import Client, create_environ
from werkzeug.wrappers import Response

from broker import create_app, tenancy
from tenants.audit import AuditEvent
from tenants.ids import new_id
from tests import factories
from tests.support.routes import csrf_token, everything, tx_of
from tests.support.stores import ON_SQLITE
from tests.support.wiring import ORIGIN, make_ports, make_settings

MAIN = "https://login.example"


@pytest.fixture(scope="module")
def secure(database_url, clock):
    """An installation as it is served: https, behind one proxy."""
    settings = make_settings(database_url, base_url=MAIN, trusted_proxies=("10.0.0.0/8",))
    made = create_app(settings, ports=make_ports(clock))
    yield made
    made.extensions["broker"].db.dispose()


@pytest.fixture
def home(broker):
    return factories.tenant(broker)


@pytest.fixture
def hosted(secure):
    parts = secure.extensions["broker"]
    return factories.tenant(parts, host=f"{new_id('h')[2:12]}.login.example")


def get(app, path, host="login.example", peer="192.0.2.7", **headers):
    """Without the test client, which itself stumbles over some host names."""
    environ = create_environ(path, MAIN, headers={"Host": host} | headers, environ_overrides={"REMOTE_ADDR": peer})
    return Response.from_app(app, environ)


@ON_SQLITE
@pytest.mark.parametrize(
    "host",
    ["", "evil.example", "203.0.113.9", "[2001:db8::1]", "login.example.evil.example", "login.example@evil.example",
     "login.example:x", "login.example, evil.example", "..", "xn--", "a" * 300, "LOGIN.EXAMPLE."],
)  # fmt: skip
@pytest.mark.parametrize("path", ["/", "/sign-in", "/oidc/authorize", "/.well-known/openid-configuration", "/healthz"])
def test_rt01_unknown_host_is_no_tenant(secure, hosted, host, path):
    answer = get(secure, path, host)
    assert answer.status_code == 404
    assert hosted.canary not in everything(answer)


@pytest.mark.parametrize("host", ["login.example", "LOGIN.example", "login.example:443"])
def test_rt01_main_host_is_known_in_every_spelling(secure, host):
    assert get(secure, "/", host).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Forwarded-Host": "{host}"},
        {"X-Forwarded-Host": "{host}", "X-Forwarded-For": "10.0.0.1", "X-Forwarded-Proto": "http"},
        {"Forwarded": "for=10.0.0.1;host={host};proto=http"},
        {"X-Host": "{host}", "X-Original-Host": "{host}", "X-Rewrite-URL": "/sign-in", "X-Original-URL": "/sign-in"},
    ],
    ids=["host", "all three", "Forwarded", "others"],
)
def test_rt02_forwarded_headers_of_strangers_are_ignored(secure, hosted, headers):
    sent = {name: value.format(host=hosted.host) for name, value in headers.items()}
    answer = get(secure, "/", **sent)
    assert answer.status_code == 200
    assert hosted.canary not in everything(answer)
    assert "Strict-Transport-Security" in answer.headers


def test_rt02_proxy_is_believed_and_only_its_last_word(secure, hosted):
    answer = get(secure, "/sign-in/again", peer="10.1.2.3", **{"X-Forwarded-Host": f"evil.example, {hosted.host}"})
    assert answer.status_code == 303
    assert get(secure, "/", peer="10.1.2.3", **{"X-Forwarded-Host": f"{hosted.host}, evil.example"}).status_code == 404


@ON_SQLITE
def test_in08_host_that_is_too_long_is_no_host_and_is_not_kept(secure):
    before = tenancy._host_of.cache_info().currsize
    for number in range(20):
        assert get(secure, "/", f"{number}{'a' * 400_000}.example").status_code == 404
    assert tenancy._host_of.cache_info().currsize <= before + 1


def test_rt02_external_addresses_come_from_what_is_stored(secure, hosted):
    document = get(secure, "/.well-known/openid-configuration", hosted.host, **{"X-Forwarded-Host": "evil.example"})
    assert document.json["issuer"] == f"https://{hosted.host}"
    assert "evil" not in document.get_data(as_text=True)


def test_rt03_host_of_one_tenant_never_serves_the_path_of_another(secure, hosted):
    other = factories.tenant(secure.extensions["broker"])
    answer = get(secure, f"/t/{other.slug}/sign-in", hosted.host)
    assert answer.status_code == 404
    assert other.canary not in everything(answer)


def test_rt03_other_address_of_a_tenant_leads_to_its_canonical_one(secure, hosted):
    answer = get(secure, f"/t/{hosted.slug}/sign-in?a=%2F%0d%0ax&b=1")
    assert answer.status_code == 302
    assert answer.headers["Location"] == f"https://{hosted.host}/sign-in?a=%2F%0d%0ax&b=1"
    posted = Client(secure).post(f"/t/{hosted.slug}/sign-in", base_url=MAIN)
    assert posted.status_code == 404
    assert "Location" not in posted.headers


def test_rt03_cookies_of_three_tenants_are_never_merged(app, broker, home):
    others = [factories.tenant(broker) for _ in range(2)]
    client = app.test_client()
    for other in others:
        opened = factories.session(other)
        for name in (f"{other.slug}-sid", f"{home.slug}-sid", "sid"):
            client.set_cookie(name, opened.secret, domain="localhost", path="/")
    answer = client.get(f"{home.path}/", base_url=ORIGIN)
    assert answer.status_code == 303
    assert "/sign-in" in answer.headers["Location"]


ELSEWHERE = [
    "https://evil.example", "//evil.example", "\\\\evil.example", "/\\evil.example", "https:evil.example",
    "/%0d%0aLocation:%20https://evil.example", "https://login.example@evil.example", "data:text/html,x",
    "javascript:alert(1)", "//evil。example", "/​/evil.example", "http:///evil.example", "///evil.example",
]  # fmt: skip


@ON_SQLITE
@pytest.mark.parametrize("target", ELSEWHERE)
def test_rt09_no_parameter_leads_away(app, home, target):
    names = ("next", "return_to", "RelayState", "redirect", "url", "continue", "post_logout_redirect_uri", "tx")
    client = app.test_client()
    client.set_cookie(**factories.cookie_of(home, factories.session(home)))
    sent = dict.fromkeys(names, target)
    for path in ("/", "/sign-in", "/sign-in/again", "/signed-out", "/oidc/logout", "/sign-in/choose"):
        answer = client.get(f"{home.path}{path}", base_url=ORIGIN, query_string=sent)
        location = answer.headers.get("Location", "/t/")
        assert location.startswith((f"{home.path}/", "/t/")), path
        assert "\n" not in location
    token = csrf_token(client, home, "/sign-out")
    answer = client.post(f"{home.path}/sign-out", base_url=ORIGIN, data={"csrf_token": token} | sent)
    assert answer.headers["Location"] == f"{home.path}/signed-out"


@pytest.mark.parametrize("path", [f"/{target}" for target in ELSEWHERE] + ["//evil.example/..", "/t//evil.example"])
def test_rt09_no_path_leads_away(secure, hosted, path):
    for host in ("login.example", hosted.host):
        location = get(secure, path, host).headers.get("Location", f"https://{hosted.host}/")
        assert location.startswith((f"https://{hosted.host}/", "/"))
        assert not location.startswith(("//", "/\\"))


TRICKS = [
    "/t/{a}/../{b}/sign-in", "/t/{a}/..%2f{b}/sign-in", "/t/{a}/%2e%2e/{b}/sign-in", "/t/{a};/{b}/sign-in",
    "/t/{a}%00/sign-in", "/t/{A}/sign-in", "/t/{a}./sign-in", "/t//{a}/sign-in", "//t/{a}/sign-in",
    "/t/{a}%20/sign-in", "/t/%20{a}/sign-in", "/t/{a}\\..\\{b}/sign-in", "/T/{a}/sign-in", "/t/{a}%2fsign-in",
    "/t/./{a}/sign-in", "/t/{a}/t/{b}/sign-in", "/t/{a}/sign-in%00", "/t/{a}/sign-in/../../{b}/sign-in", "/t", "/t/",
    "/t/%ff%fe/sign-in", "/t/аcme/sign-in",
]  # fmt: skip


@pytest.mark.both_databases
@pytest.mark.parametrize("trick", TRICKS)
def test_rt10_path_tricks_reach_no_other_tenant(app, broker, trick):
    first, second = factories.tenant(broker), factories.tenant(broker)
    path = trick.format(a=first.slug, b=second.slug, A=first.slug.upper())
    answer = app.test_client().open(path, base_url=ORIGIN)
    assert answer.status_code in {302, 303, 308, 404}
    assert second.canary not in everything(answer)
    assert second.slug not in answer.headers.get("Location", "")


def test_rt04_address_step_answers_alike_whoever_it_is(app, home):
    """Known, unknown, switched off, without a password: one status, one shape, the same cookies."""
    domain = home.domain
    factories.account(home, f"known@{domain}")
    factories.account(home, f"other@{domain}", state="disabled")
    factories.account(home, f"third@{domain}", with_password=False)
    shapes = set()
    for name in ("known", "other", "third", "nobdy"):
        client = app.test_client()
        tx = tx_of(client, home)
        form = {"tx": tx, "email": f"{name}@{domain}", "csrf_token": csrf_token(client, home, "/sign-in")}
        answer = client.post(f"{home.path}/sign-in", base_url=ORIGIN, data=form, follow_redirects=True)
        text = re.sub(r"[A-Za-z0-9_.\-]{40,}", "?", answer.text)  # ids and tokens
        shapes.add((answer.status_code, len(text), len(answer.headers.getlist("Set-Cookie"))))
    assert len(shapes) == 1


@pytest.mark.parametrize("endpoint", ["/sign-in/password", "/sign-in/totp"])
def test_rt07_local_steps_are_closed_where_local_sign_in_is_off(app, broker, endpoint):
    home = factories.tenant(broker, local_enabled=False)
    client = app.test_client()
    tx = tx_of(client, home)
    form = {"tx": tx, "password": "x", "code": "123456", "csrf_token": csrf_token(client, home, "/sign-in")}
    answer = client.post(f"{home.path}{endpoint}", base_url=ORIGIN, data=form)
    assert answer.status_code in {400, 403}
    with home.db.reading() as db:
        assert [event.event for event in db.query(AuditEvent)] == ["login.refused"]
