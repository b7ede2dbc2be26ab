"""Attacks by way of the language: where its switch leads to, what gets into headers, what it tells (RT-09, IN-08, IR-08)."""

import pytest
from sqlalchemy import select

from tenants.accounts import Account
from tests import factories
from tests.attacks.test_lc_local import without_what_differs
from tests.support import steps
from tests.support.routes import csrf_token
from tests.support.rows import stored
from tests.support.stores import ON_SQLITE
from tests.support.wiring import ORIGIN

ELSEWHERE = (
    "https://evil.example/",
    "//evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "/t/../..//evil.example",
    "{path}//evil.example",
    "{path}/../../operator/",
    "{path}/%2e%2e/nobody/sign-in",
    "{path}/sign-in\r\nSet-Cookie: a=b",
    "{path}/sign-in%0d%0aSet-Cookie:%20a=b\r",
    "{path}/sign-in\tx",
    "javascript:alert(1)",
    "data:text/html,x",
    "https:evil.example",
    "@evil.example",
    "{path}/no/such/page",
    "{path}/oidc/token",
    "{path}@evil.example/",
    "/t/nobody/sign-in",
    "/operator/",
    "{path}/sign-in?x=" + "y" * 9000,
    "{path}/sign-in?ä=ö",
    "",
)


@pytest.fixture
def home(broker):
    return factories.tenant(broker)


def choose(client, home, **sent):
    token = csrf_token(client, home, "/language")
    return client.post(f"{home.path}/language", data={"csrf_token": token} | sent, base_url=ORIGIN)


@ON_SQLITE
def test_rt09_switch_leads_to_pages_of_its_tenant_alone(home, client):
    front = f"{home.path}/"
    for place in ELSEWHERE:
        back = place.format(path=home.path)
        answer = choose(client, home, language="de", back=back)
        assert (answer.status_code, answer.headers["Location"]) == (303, front), back
        page = client.get(f"{home.path}/language", query_string={"back": back}, base_url=ORIGIN)
        assert "evil.example" not in page.text, back
    answer = choose(client, home, language="de", back=f"{home.path}/sign-in?tx=a%26b")
    assert answer.headers["Location"] == f"{home.path}/sign-in?tx=a%26b"


@ON_SQLITE
def test_in_language_that_is_none_is_not_taken(home, client):
    for odd in ("tlh", "de\r\nSet-Cookie: a=b", "DE", "de; Path=/", "../de", "", "de" * 500):
        answer = choose(client, home, language=odd, back=f"{home.path}/sign-in")
        assert answer.status_code == 200, odd
        assert not [value for name, value in answer.headers if name == "Set-Cookie" and "lang=" in value]
        assert answer.headers["Content-Language"] == "en"


@ON_SQLITE
def test_in_odd_wishes_reach_no_header_and_break_nothing(home, client):
    for name in ("Accept-Language", "Cookie"):
        for odd in ("de\x01", "\xff\xfe", "de;q=1e999", "*" * 900, "de-" * 400, "x" * 60_000, ",".join(["de;q=0.1"] * 5000)):
            sent = odd if name == "Accept-Language" else f"{home.slug}-lang={odd}"
            answer = client.get(f"{home.path}/sign-in?tx=x", base_url=ORIGIN, headers={name: sent})
            assert answer.headers["Content-Language"] in {"en", "de"}, odd[:20]
            assert answer.status_code == 400


@ON_SQLITE
def test_se10_switch_takes_no_foreign_form(home, client):
    ada = factories.account(home)
    client.set_cookie(**factories.cookie_of(home, factories.session(home, ada)))
    token = csrf_token(client, home, "/language")
    for headers, sent in (
        ({"Origin": "https://evil.example"}, {"csrf_token": token}),
        ({"Sec-Fetch-Site": "cross-site"}, {"csrf_token": token}),
        ({}, {}),
    ):
        path = f"{home.path}/language"
        answer = client.post(path, data={"language": "de", **sent}, base_url=ORIGIN, headers=headers)
        assert answer.status_code == 403
    client.get(f"{home.path}/language?language=de", base_url=ORIGIN)
    assert [row.language for row in stored(home, Account, id=ada.id)] == [None]


@ON_SQLITE
def test_ir08_pages_before_the_proof_know_no_language_of_an_account(home, new_browser):
    seen = set()
    for language in (None, "de", "en", "tlh"):
        who = factories.account(home, language=language)
        pages = []
        browser = new_browser()
        browser.languages = "de;q=0.5, en;q=0.4"
        for step in (
            lambda one: one.open(f"{home.path}/sign-in"),
            lambda one, who=who: one.submit(email=who.email),
            lambda one: one.submit(password="wrong one"),
        ):
            step(browser)
            pages.append((browser.status, without_what_differs(browser.text, who.email)))
        seen.add(tuple(pages))
    nobody = new_browser()
    nobody.languages = "de;q=0.5, en;q=0.4"
    email = f"{home.canary}.nobody@{home.domain}"
    steps.type_address(nobody, home, email)
    assert len(seen) == 1
    assert without_what_differs(nobody.text, email) == next(iter(seen))[1][1]


@ON_SQLITE
def test_ir08_switch_on_another_attempt_changes_nothing(home, client, new_browser):
    """The public half of an attempt is in addresses; the address that is kept belongs to this browser's own."""
    ada = factories.account(home)
    browser = new_browser().open(f"{home.path}/sign-in")
    tx = browser.at.partition("tx=")[2]
    answer = choose(client, home, language="de", back=f"{home.path}/sign-in", tx=tx, email="evil@evil.example")
    assert answer.status_code == 303
    browser.open(browser.at)
    assert browser.page.forms[0].fields["email"].value in {"", None}
    assert "evil.example" not in browser.text
    steps.prove(browser.submit(email=ada.email, press="Continue"), home, ada)
    assert browser.at == f"{home.path}/"


@ON_SQLITE
def test_switch_after_a_proof_keeps_the_proof(home, new_browser):
    """What was typed is kept on the first page only: a form from an older page takes nothing back that was shown since."""
    ada = factories.account(home)
    browser = new_browser().open(f"{home.path}/sign-in")
    tx = browser.at.partition("tx=")[2]
    browser.submit(email=ada.email).submit(password=ada.password)
    step = browser.at
    browser.follow("English")
    token = browser.page.forms[0].fields["csrf_token"].value
    back = step.removeprefix(ORIGIN)
    browser.post(
        f"{home.path}/language", {"csrf_token": token, "language": "de", "tx": tx, "email": "x@y.example", "back": back}
    )
    assert browser.at == step
    browser.submit(code=steps.fresh_code(home, ada))
    assert browser.at == f"{home.path}/"
    with home.db.reading() as db:
        assert db.scalars(select(Account.language).where(Account.id == ada.id)).one() == "de"
