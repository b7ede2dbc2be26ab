"""Finding one's organization by e-mail address (R6), from the front page to the sign-in that the mail leads to."""

import re

import pytest

from tenants.tenants import DomainProof, Tenant
from tests import factories
from tests.support import steps
from tests.support.html import Page
from tests.support.posted import html_of, text_of
from tests.support.wiring import ORIGIN


@pytest.fixture
def home(post):
    return factories.tenant(post.broker)


def ask(post, email):
    browser = post.browser().open("/").submit(email=email)
    assert (browser.at, browser.status) == ("/sent", 200)
    return browser


def mail_to(post, email):
    ask(post, email)
    (mail,) = post.mails_to(email)
    return mail


def name_of(home):
    return f"{home.canary} Group"


def test_person_gets_from_the_front_page_to_the_password(post, home):
    ada = factories.account(home)
    browser = ask(post, ada.email.upper())
    assert "If an organization here knows this address" in browser.words
    (mail,) = post.mails_to(ada.email)
    (link,) = {link.href for link in Page(html_of(mail)).links}
    assert link == f"{home.url}/sign-in?login_hint={ada.email}"
    assert f"{name_of(home)}\n{link}\n" in text_of(mail)
    browser.open(link)
    assert browser.page.forms[0].fields["email"].value == ada.email
    steps.prove(browser.submit(email=ada.email), home, ada)
    assert browser.at == f"{home.path}/"


def test_mail_has_a_fixed_subject_and_the_same_words_in_both_parts(post, home):
    mail = mail_to(post, factories.account(home).email)
    assert mail["Subject"] == "Where you sign in"
    html = Page(html_of(mail)).words
    for line in filter(None, text_of(mail).splitlines()):
        assert line.startswith("http") or line in html, line


def test_every_organization_with_an_account_is_listed_and_no_other(post, home):
    another, stranger = factories.tenant(post.broker), factories.tenant(post.broker)
    address = f"shared@{home.domain}"
    for one in (home, another):
        factories.account(one, address)
    factories.account(stranger, f"else@{home.domain}")
    mail = mail_to(post, address)
    for words in (text_of(mail), html_of(mail)):
        assert name_of(home) in words
        assert name_of(another) in words
        assert stranger.slug not in words
    assert len(Page(html_of(mail)).links) == 2


@pytest.mark.parametrize("state", ["invited", "disabled", "deactivated", "inactive"])
def test_account_that_is_switched_off_still_leads_to_the_page_that_says_so(post, home, state):
    assert name_of(home) in text_of(mail_to(post, factories.account(home, state=state).email))


def test_deleted_account_and_suspended_tenant_are_not_found(post, home):
    suspended = factories.tenant(post.broker, status="suspended")
    address = f"gone@{home.domain}"
    factories.account(home, address, state="deleted")
    factories.account(suspended, address)
    words = text_of(mail_to(post, address))
    assert "No organization here knows this address" in words
    assert home.slug not in words.replace(address, "")
    assert suspended.slug not in words


def routed(home, *, name="", proven="", **changes):
    """A connection, and a rule that leads a domain there; `proven`: the domain of the proof."""
    way = factories.connection(home, is_enabled=changes.pop("is_enabled", True))
    factories.domain(home, name or home.domain, connection_id=way.id, **changes)
    if proven:
        proof = DomainProof(domain=proven, tenant_id=home.id, method="file", proven_at=home.now)
        with home.broker.db.platform("a test proves a domain", home.now) as db:
            db.add(proof)
        with home.db.writing() as db:
            db.touch_configuration()


def test_proven_domain_that_routes_leads_people_without_an_account(post, home):
    routed(home, proven=home.domain)
    assert name_of(home) in text_of(mail_to(post, f"new@{home.domain}"))


def test_wildcard_routes_sub_domains(post, home):
    routed(home, name=f"*.{home.domain}", proven=home.domain)
    assert name_of(home) in text_of(mail_to(post, f"new@studio.{home.domain}"))
    assert name_of(home) not in text_of(mail_to(post, f"new@{home.domain}"))


def test_domain_that_is_not_proven_or_not_routed_leads_nowhere(post, home):
    unproven, elsewhere, off = (factories.tenant(post.broker) for _ in range(3))
    routed(unproven, name=home.domain)
    routed(home, name=f"other.{home.domain}", proven=home.domain)
    routed(off, proven=off.domain, is_enabled=False)
    assert "No organization here" in text_of(mail_to(post, f"new@{home.domain}"))
    assert "No organization here" in text_of(mail_to(post, f"new@{off.domain}"))
    assert "No organization here" in text_of(mail_to(post, f"new@{elsewhere.domain}"))


def test_link_is_the_tenants_own_host(post):
    host = f"sso.{factories.tenant(post.broker).slug}.example"
    home = factories.tenant(post.broker, host=host)
    assert f"http://{host}:8000/sign-in?login_hint=" in text_of(mail_to(post, factories.account(home).email))


@pytest.mark.parametrize("typed", ["", "ada", "ada@localhost", "a@b@c.example", "ada@\r\nBcc: x@y.example", "x" * 400])
def test_what_is_no_address_is_said_at_the_field(post, typed):
    browser = post.browser().open("/").submit(email=typed)
    assert (browser.status, browser.title) == (400, "Error: Find your organization · Sign in")
    assert browser.page.forms[0].fields["email"].value == typed[:320]


def test_unknown_organization_offers_the_finder(post):
    browser = post.browser().open("/t/nobody-here/sign-in")
    assert browser.status == 404
    assert "look for yours by e-mail address" in browser.words
    browser.follow("Find my organization")
    assert (browser.at, browser.title) == ("/", "Find your organization · Sign in")


def test_unknown_account_offers_the_finder(post):
    home = factories.tenant(post.broker, discloses_account_state=True)
    browser = post.browser().open(f"{home.path}/sign-in").submit(email=f"nobody@{home.domain}")
    assert "You have no account here yet" in browser.words
    assert browser.follow("Find my organization").at == "/"


def test_without_a_mail_server_the_finder_is_not_offered(app, new_browser):
    browser = new_browser().open("/")
    assert "Open the address your organization gave you." in browser.words
    assert browser.page.forms == []
    assert not re.search("Find my organization", new_browser().open("/t/nobody-here/sign-in").words)
    token = new_browser()
    assert token.post("/", {"email": "ada@acme.example"}).status in {403, 404}
    ready = app.test_client().get("/readyz", base_url=ORIGIN)
    assert (ready.status_code, ready.json["mail"]) == (200, "not set up")


def test_ready_says_that_mail_is_set_up(post):
    assert post.app.test_client().get("/readyz", base_url=ORIGIN).json == {"status": "ok", "mail": "ok", "audit": "ok"}


def test_tenant_renamed_meanwhile_is_named_as_it_is_now(post, home, clock):
    ada = factories.account(home)
    ask(post, ada.email)
    with post.broker.db.platform("a test renames a tenant", home.now) as db:
        row = db.get_one(Tenant, home.id)
        row.name, row.config_version = "Newly Named", row.config_version + 1
    clock.advance(seconds=3)
    (mail,) = post.mails_to(ada.email)
    assert "Newly Named" in text_of(mail)
