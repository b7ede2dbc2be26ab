"""What the mails of tenants say: the same in both forms, about the account as it is when they are sent."""

import re

import pytest

from broker.brand import brand_tokens
from broker.mail.letter import harmless_name
from broker.mail.letters import TENANT_MESSAGES
from tenants.manifest.specs import MailsSpec
from tenants.organizations import Contact
from tenants.tenants import TenantSettings
from tests import factories
from tests.support.html import Page, squeeze
from tests.support.mails import CODE, MAILS, WORDS, MailSample, decorated, made, picture

CODE_FACTS = {"code": CODE, "purpose": "first_login"}
TENANT_MAILS = {name: sample for name, sample in MAILS.items() if isinstance(sample, MailSample)}
SQLITE = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)


@pytest.fixture
def home(app, broker):
    with app.app_context():
        yield factories.tenant(broker)


def code_mail(home, email):
    return made(home, "code", email, **CODE_FACTS)


def test_every_message_can_have_words_of_the_tenants_own():
    assert set(MailsSpec.model_fields) == set(TENANT_MESSAGES) - {"test"}


def test_every_message_has_a_sample():
    assert {sample.message for sample in TENANT_MAILS.values()} == set(TENANT_MESSAGES)


@SQLITE
@pytest.mark.parametrize("name", MAILS)
def test_text_and_html_say_the_same(app, name):
    with app.app_context():
        content = MAILS[name].make()
    page = Page(content.html)
    links = [link.href for link in page.links if not link.href.startswith("mailto:")]
    for line in filter(None, map(squeeze, content.text.splitlines())):
        if line.startswith("http"):
            assert line in links
        elif re.fullmatch(r"\d{3} \d{3}", line):
            assert line.replace(" ", "") in page.words
        else:
            assert line.removesuffix(":") in page.words
    assert len(links) == content.text.count("http")


@SQLITE
@pytest.mark.parametrize("name", TENANT_MAILS)
def test_links_lead_to_the_tenant_and_nothing_is_fetched(app, name):
    with app.app_context():
        content = MAILS[name].make()
    place = re.search(r" at (\S+)\.$", content.text.strip())
    assert all(link.href.startswith((f"http://{place[1]}/", "mailto:")) for link in Page(content.html).links)
    assert set(re.findall(r'src="([^"]*)"', content.html)) <= {"cid:logo"}
    for word in ("url(", "@import", "<script", "<link", "<iframe", "<form"):
        assert word not in content.html


REASONS = {
    "code-disabled": "An admin of your organization has switched it off.",
    "code-expired": "Your access ended on",
    "code-expired-by-an-admin": "Your access has ended",
    "code-invitation-ran-out": "Your invitation has run out",
    "code-unused": "Nobody signed in with it for 365 days.",
    "code-local-off": "E-mail and password isn’t switched on for your account.",
    "code-elsewhere": "You sign in with IdP",
}


@pytest.mark.parametrize("name", REASONS)
def test_mail_names_the_cause_instead_of_a_code(app, name):
    """L4, L10: whoever can't sign in so is told why, with the contacts."""
    with app.app_context():
        content = MAILS[name].make()
    assert content.subject == "Why there is no code"
    assert REASONS[name] in content.text
    assert "help@" in content.text
    assert CODE not in content.subject + content.text + content.html


def test_code_is_in_subject_and_preview_in_one_piece_and_in_groups_to_read(home):
    content = code_mail(home, factories.account(home).email)
    assert content.subject == f"{CODE} is your code"
    assert "\n    482 913\n" in content.text
    assert f"{CODE} is your code" in content.html
    assert Page(content.html).words.count(CODE) == 2  # beside the subject, and where it is copied from


@pytest.mark.parametrize("values", [None, {"state": "deleted"}])
def test_address_without_an_account_gets_no_code(home, values):
    email = factories.account(home, **values).email if values else f"nobody@{home.domain}"
    assert code_mail(home, email) is None


def test_what_is_no_address_gets_no_code(home):
    assert code_mail(home, "no address") is None


def test_account_of_another_tenant_gets_no_code_here(home):
    other = factories.tenant(home.broker)
    assert code_mail(home, factories.account(other).email) is None


def test_tenant_without_local_sign_in_sends_no_code(app, broker):
    home = factories.tenant(broker, local_enabled=False)
    with app.app_context():
        assert code_mail(home, factories.account(home).email).subject == "Why there is no code"


def test_domain_that_enforces_its_connection_is_told_about_that_one(home):
    way = factories.connection(home, label="Acme Entra", is_shown=False)
    factories.connection(home, label="Another")
    factories.domain(home, home.domain, connection_id=way.id, is_enforced=True)
    content = code_mail(home, factories.account(home).email)
    assert "You sign in with Acme Entra." in content.text


def test_connection_that_is_off_is_not_offered(home):
    factories.connection(home, label="Switched off", is_enabled=False)
    content = code_mail(home, factories.account(home, with_password=False).email)
    assert "Switched off" not in content.text
    assert "help desk knows how you sign in" in content.text


def test_own_words_stand_in_their_mail_alone(home):
    home.change(TenantSettings, "settings", wording={"code": f"{WORDS} <b>&"})
    email = factories.account(home).email
    with_words, without = code_mail(home, email), made(home, "account_ready", email)
    assert f"\n{WORDS} <b>&\n" in with_words.text
    assert f"{WORDS} &lt;b&gt;&amp;" in with_words.html
    assert WORDS not in without.text + without.html


def test_own_words_about_a_code_do_not_stand_where_there_is_none(home):
    home.change(TenantSettings, "settings", wording={"code": WORDS})
    assert WORDS not in code_mail(home, factories.account(home, state="disabled").email).text


LOOKS = {
    "none": ({}, False),
    "png": ({"logo": picture(), "logo_type": "image/png"}, True),
    "svg": ({"logo": b"<svg/>", "logo_type": "image/svg+xml"}, False),
    "svg, and a png for mails": ({"logo": b"<svg/>", "logo_type": "image/svg+xml", "mail_logo": picture()}, True),
}


@pytest.mark.parametrize("look", LOOKS)
def test_logo_comes_inside_the_mail(home, look):
    values, is_there = LOOKS[look]
    home.change(TenantSettings, "settings", **values)
    content = made(home, "account_ready", f"ada@{home.domain}")
    assert ("cid:logo" in content.html) == is_there
    assert [(one.name, one.media_type, one.body) for one in content.pictures] == [("logo", "image/png", picture())] * is_there


def test_button_has_the_colour_of_the_tenant(home):
    decorated(home)
    content = made(home, "account_ready", f"ada@{home.domain}")
    tokens = brand_tokens("#ffcc00")
    assert f"background:{tokens['brand']};color:{tokens['on-brand']}" in content.html
    assert f"background: {tokens['brand-dark']} !important; color: {tokens['on-brand-dark']}" in content.html
    assert "#2c58c9" not in content.html


def test_contacts_stand_at_the_end(home):
    home.add(
        Contact(
            id="cnt_two", organization_id=home.root, label="Studio", phone="+32 2 555 01 00", email="a&b@x.example", position=2
        )
    )
    content = made(home, "account_ready", f"ada@{home.domain}")
    assert "Studio, +32 2 555 01 00, a&b@x.example" in content.text
    assert 'href="mailto:a%26b%40x.example"' in content.html


def test_change_by_an_admin_says_so(home):
    facts = {"what": "factors_reset", "at": home.now.isoformat(), "address": ""}
    by_admin = made(home, "credential_changed", "ada@x.example", **facts, by="admin").text
    by_you = made(home, "credential_changed", "ada@x.example", **facts, by="you").text
    assert "By: an admin of your organization" in by_admin
    assert "Set up new ones when you sign in next time." in by_admin
    assert "Set up new ones" not in by_you
    assert "By:" not in by_you
    assert "Network address" not in by_you


@pytest.mark.parametrize("name", ["Ada Lovelace", "Æ. O’Neil-Ng", "J. R. Smith"])
def test_name_of_a_person_is_shown(name):
    assert harmless_name(name) == name


@pytest.mark.parametrize(
    "name", ["", "https://evil.example", "www.evil.example", "win at evil.example/now", "a@b.example", "x" * 101]
)
def test_what_would_become_a_link_is_no_name(name):
    assert harmless_name(name) == ""
