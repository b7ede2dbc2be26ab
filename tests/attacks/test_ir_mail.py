"""Attacks by way of mails, and on the finder that sends them (security.md, IR, RT-04, TI-09, IN-05)."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import func, select

from broker.mail.messages import WayIn, finder
from tenants.finder import MAILS_AN_HOUR, REQUESTS_AN_HOUR
from tenants.outbox import PlatformMail
from tenants.tenants import DomainProof, Tenant
from tests import factories
from tests.support.clock import START
from tests.support.html import Page
from tests.support.posted import html_of, text_of
from tests.support.stores import ON_SQLITE
from tests.support.wiring import ORIGIN

NASTY = '<img src=x onerror=alert(1)><a href="https://evil.example">click</a>'
TEMPLATES = ["{{7*7}}", "{{ config }}", "%s %(address)s", "{0.__class__}", "${7*7}", "{% include 'base.html' %}"]


@pytest.fixture
def home(post):
    return factories.tenant(post.broker)


@pytest.fixture
def everybody(post, home):
    """Addresses of every kind: those that a mail would tell apart."""
    other = factories.tenant(post.broker)
    way = factories.connection(home)
    factories.domain(home, home.domain, connection_id=way.id)
    with post.broker.db.platform("a test proves a domain", home.now) as db:
        db.add(DomainProof(domain=home.domain, tenant_id=home.id, method="file", proven_at=home.now))
    return {
        "unknown": f"nobody@{other.domain}",
        "known": factories.account(other, f"person@{other.domain}").email,
        "disabled": factories.account(other, f"off@{other.domain}", state="disabled").email,
        "admin": factories.account(other, f"admin@{other.domain}", role="admin").email,
        "of two tenants": two(home, other),
        "of a routed domain": f"new@{home.domain}",
        "by an identity provider": factories.account(home, f"sso@{home.domain}", with_password=False).email,
    }


def two(*homes):
    address = f"two@{homes[0].domain}"
    for home in homes:
        factories.account(home, address)
    return address


def waiting(post):
    with post.broker.db.platform("a test counts mails", post.broker.ports.clock.now()) as db:
        return db.scalar(select(func.count()).select_from(PlatformMail))


def asked(post, email, network=None):
    return post.browser(network).open("/").submit(email=email)


def test_rt04_ir08_finder_answers_and_costs_the_same_for_everybody(post, everybody, count_statements):
    seen = {}
    for who, email in everybody.items():
        browser = post.browser().open("/")
        with count_statements(post.broker.db.engine) as count:
            browser.submit(email=email)
        seen[who] = (
            browser.hops,
            browser.status,
            browser.response.get_data(),
            sorted(browser.response.headers),
            sorted(cookie.key for cookie in browser.client._cookies.values()),
            count.statements,
            count.commits,
        )
    for who, one in seen.items():
        assert one == seen["unknown"], who
    statements = seen["unknown"][5]
    assert len(statements) == 5
    assert not any("accounts" in one or "domain" in one for one in statements)


def test_rt04_page_after_asking_repeats_nothing_of_the_address(post, everybody):
    assert everybody["known"].partition("@")[0] not in asked(post, everybody["known"]).text


def test_ir08_everybody_gets_one_mail_and_the_unknown_one_names_no_tenant(post, home, everybody):
    for email in everybody.values():
        asked(post, email)
    post.work()
    assert {who: len(post.box.to(email)) for who, email in everybody.items()} == dict.fromkeys(everybody, 1)
    (unknown,) = post.box.to(everybody["unknown"])
    assert "No organization here knows this address" in text_of(unknown)
    assert "canary" not in text_of(unknown) + html_of(unknown)


def test_ir09_address_gets_three_mails_an_hour_whoever_asks(post, home, clock):
    email = factories.account(home).email
    spellings = [email, email.upper(), f" {email} ", email.replace("@", "＠")]
    answers = {asked(post, spellings[number % 4]).response.get_data() for number in range(20)}
    assert len(answers) == 1
    assert len(post.mails_to(email)) == MAILS_AN_HOUR
    clock.advance(hours=1)
    asked(post, email)
    assert len(post.mails_to(email)) == MAILS_AN_HOUR + 1


def test_ir09_network_address_asks_thirty_times_an_hour(post, home, clock):
    network, before = "203.0.113.77", waiting(post)
    for number in range(REQUESTS_AN_HOUR):
        assert asked(post, f"p{number}@{home.domain}", network).at == "/sent"
    for email in (f"more@{home.domain}", factories.account(home).email):
        browser = asked(post, email, network)
        assert browser.status == 429
        assert "paused for your network until" in browser.words
    assert waiting(post) == before + REQUESTS_AN_HOUR
    assert asked(post, f"else@{home.domain}").at == "/sent"
    clock.advance(hours=1)
    assert asked(post, f"more@{home.domain}", network).at == "/sent"


def test_ir09_requests_at_once_do_not_slip_past_the_limit(post, home):
    email = f"bombed@{home.domain}"
    browsers = [post.browser().open("/") for _ in range(12)]
    from_all = [lambda browser=browser: browser.submit(email=email).at for browser in browsers]
    assert at_once(from_all) == {"/sent"}
    assert len(post.mails_to(email)) == MAILS_AN_HOUR


def at_once(jobs):
    from_pool = ThreadPoolExecutor(len(jobs))
    with from_pool:
        return {done.result() for done in [from_pool.submit(job) for job in jobs]}


def test_ir01_links_are_the_stored_address_whatever_the_request_says(post, home):
    email = factories.account(home).email
    client = post.app.test_client()
    page = client.get("/", base_url=ORIGIN)
    token = Page(page.text).forms[0].fields["csrf_token"].value
    evil = {"X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "https", "Forwarded": "host=evil.example"}
    form = {"email": email, "csrf_token": token}
    assert client.post("/", base_url=ORIGIN, data=form, headers=evil).status_code == 303
    assert client.post("/", base_url="http://evil.example:8000", data=form).status_code in {403, 404}
    (mail,) = post.mails_to(email)
    assert "evil" not in mail.as_string() + text_of(mail) + html_of(mail)
    assert {link.href for link in Page(html_of(mail)).links} == {f"{home.url}/sign-in?login_hint={email}"}


def test_se10_another_site_cannot_ask_for_a_visitor(post, home):
    before = waiting(post)
    browser = post.browser().open("/")
    form = {"email": f"ada@{home.domain}", "csrf_token": browser.page.forms[0].fields["csrf_token"].value}
    for headers in ({"origin": "https://evil.example"}, {"sec_fetch_site": "cross-site"}):
        assert browser.post("/", form, **headers).status == 403
    assert browser.post("/", form | {"csrf_token": "x"}).status == 403
    assert post.browser().post("/", form).status == 403  # another browser's token
    assert waiting(post) == before
    assert browser.post("/", form).at == "/sent"


@ON_SQLITE
@pytest.mark.parametrize("name", [NASTY, 'A"B', "Evil\r\nBcc: eve@evil.example", "x\x1by\u2028z", *TEMPLATES])
def test_ir10_in05_name_of_a_tenant_is_only_words(post, home, name):
    email = factories.account(home).email
    with post.broker.db.platform("a test renames a tenant", home.now) as db:
        db.get_one(Tenant, home.id).name = name
    asked(post, email)
    (mail,) = post.mails_to(email)
    shown = "".join(letter if letter.isprintable() else " " for letter in name)
    assert shown in text_of(mail)
    page = Page(html_of(mail))
    assert " ".join(shown.split()) in page.words
    assert {link.href for link in page.links} == {f"{home.url}/sign-in?login_hint={email}"}
    assert (mail["Subject"], mail["Bcc"], mail.get_all("To")) == ("Where you sign in", None, [email])
    assert "<img" not in html_of(mail)


def test_ir10_address_is_only_an_address(post, home):
    email = f"a&b='{{{{7*7}}}}'#x?y/@{home.domain}"
    factories.account(home, email)
    asked(post, email)
    (mail,) = post.mails_to(email)
    (link,) = Page(html_of(mail)).links
    assert mail["To"] == email
    browser = post.browser().open(link.href)
    assert browser.page.forms[0].fields["email"].value == email


def test_mail_fetches_nothing(post):
    with post.app.app_context():
        content = finder("ada@acme.example", [WayIn("Acme", "https://acme.example")], ORIGIN, START)
    for word in ("src=", "url(", "@import", "<script", "<link", "<iframe", "<form"):
        assert word not in content.html


@pytest.mark.parametrize("hint", ["%00", "%0d%0aSet-Cookie:x=y", "nobody", "x" * 5000, "%ff", "<script>@x.example"])
def test_in_hint_of_a_link_that_is_no_address_is_dropped(post, home, hint):
    browser = post.browser().open(f"{home.path}/sign-in?login_hint={hint}")
    assert browser.status == 200
    assert browser.page.forms[0].fields["email"].value in {None, ""}
