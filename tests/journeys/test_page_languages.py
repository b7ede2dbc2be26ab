"""The language of pages and mails: found, asked for, chosen, kept (requirements.md, T10)."""

from urllib.parse import urlencode

import pytest

from tenants.accounts import Account
from tenants.tenants import TenantSettings
from tests import factories
from tests.journeys.test_local_sign_in import authorize_path
from tests.support import steps
from tests.support.mails import link_in, made
from tests.support.posted import html_of
from tests.support.rows import stored

GERMAN = "de-AT, en;q=0.5"


@pytest.fixture
def home(broker):
    return factories.tenant(broker)


@pytest.fixture
def ada(home):
    return factories.account(home)


@pytest.fixture
def german(browser):
    browser.languages = GERMAN
    return browser


def spoken(browser):
    """What the page says of itself, in all three places."""
    assert f'<html lang="{browser.response.headers["Content-Language"]}"' in browser.text
    return browser.response.headers["Content-Language"]


def speaks(home, who):
    (row,) = stored(home, Account, id=who.id)
    return row.language


@pytest.fixture
def offer(home, clock):
    def change(*languages, default=None):
        home.change(TenantSettings, "settings", languages=list(languages), language=default)
        clock.advance(seconds=3)  # by then every process knows it

    return change


def test_page_is_in_the_language_of_the_browser(home, german):
    german.open(f"{home.path}/sign-in")
    assert (spoken(german), german.page.title.partition(" · ")[0]) == ("de", "Anmelden")
    assert german.response.vary.as_set() == {"cookie", "accept-language"}
    assert "E-Mail-Adresse" in german.words


def test_whole_sign_in_is_german_and_is_kept_with_the_account(home, ada, german):
    german.open(f"{home.path}/sign-in").submit(email=ada.email)
    assert spoken(german) == "de"
    german.submit(password="wrong")
    assert (german.status, spoken(german)) == (403, "de")
    assert "ist nicht richtig" in german.words
    steps.prove(german, home, ada)
    assert german.at == f"{home.path}/"
    assert (spoken(german), speaks(home, ada)) == ("de", "de")


def test_account_speaks_after_the_sign_in_and_not_before(home, ada, browser):
    home.change(Account, ada.id, language="de")
    browser.languages = "en"
    browser.open(f"{home.path}/sign-in").submit(email=ada.email)
    assert spoken(browser) == "en"
    browser.submit(password=ada.password)
    assert spoken(browser) == "de"
    browser.submit(code=steps.fresh_code(home, ada))
    assert (browser.at, spoken(browser), speaks(home, ada)) == (f"{home.path}/", "de", "de")


def test_application_asks_for_a_language(home, ada, browser):
    app = factories.application(home)
    browser.open(authorize_path(home, app, ui_locales="tlh de-CH en"))
    assert spoken(browser) == "de"
    browser.submit(email=ada.email)
    assert spoken(browser) == "de"
    steps.prove(browser, home, ada)
    assert browser.foreign.startswith(app.redirect_uris[0])
    assert speaks(home, ada) == "de"


@pytest.mark.parametrize("wishes", ["tlh", "*", "../../etc/passwd", "de\x00", "x" * 3000, "d%e"])
def test_odd_wishes_are_no_error(home, browser, wishes):
    app = factories.application(home)
    browser.open(authorize_path(home, app, ui_locales=wishes))
    assert (browser.path, spoken(browser)) == (f"{home.path}/sign-in", "en")


def test_application_that_is_not_known_is_told_in_the_language_that_was_asked_for(home, browser):
    browser.open(f"{home.path}/oidc/authorize?{urlencode({'client_id': 'nobody', 'ui_locales': 'de'})}")
    assert (browser.status, spoken(browser)) == (400, "de")


def test_application_asks_for_a_language_at_the_sign_out_too(home, ada, browser):
    steps.sign_in(browser, home, ada)
    browser.open(f"{home.path}/oidc/logout?ui_locales=de+en")
    assert (browser.status, spoken(browser)) == (200, "de")
    browser.open(f"{home.path}/oidc/logout?ui_locales=de&ui_locales=en")
    assert browser.status == 200


def test_attempt_that_is_over_is_told_in_its_language(home, ada, browser, clock):
    app = factories.application(home)
    browser.open(authorize_path(home, app, ui_locales="de")).submit(email=ada.email)
    page = browser.at
    clock.advance(minutes=21)
    browser.open(page)
    assert (browser.status, spoken(browser)) == (400, "de")
    browser.follow("Neu beginnen")
    assert (browser.path, spoken(browser)) == (f"{home.path}/sign-in", "de")


def test_error_pages_have_a_language(home, german, browser):
    german.open(f"{home.path}/nothing/here")
    assert (german.status, spoken(german)) == (404, "de")
    german.open("/t/nobody-at-all/sign-in")
    assert (german.status, spoken(german)) == (404, "de")
    german.open("/no-such-page")
    assert (german.status, spoken(german)) == (404, "de")


def test_tenant_decides_what_is_offered(home, german, offer):
    offer("en")
    german.open(f"{home.path}/sign-in")
    assert spoken(german) == "en"
    assert "language" not in german.text
    offer("de")
    german.languages = "en"
    german.open(f"{home.path}/sign-in")
    assert spoken(german) == "de"
    offer("en", "de", default="de")
    german.languages = "fr"
    german.open(f"{home.path}/sign-in")
    assert spoken(german) == "de"


def test_metadata_has_the_languages_of_the_tenant(home, client, offer):
    def supported():
        return client.get(f"{home.path}/.well-known/openid-configuration").json["ui_locales_supported"]

    assert supported() == ["en", "de"]
    offer("de")
    assert supported() == ["de"]


def test_language_is_chosen_on_a_page_and_leads_back(home, ada, browser):
    browser.open(f"{home.path}/sign-in").submit(email=ada.email)
    step = browser.at
    browser.follow("English")
    assert browser.path == f"{home.path}/language"
    browser.submit({}, press="Deutsch")
    assert (browser.at, spoken(browser)) == (step, "de")
    assert ada.email in browser.words
    steps.prove(browser, home, ada)
    assert speaks(home, ada) == "de"
    browser.languages = "en"
    browser.open(f"{home.path}/account")
    assert spoken(browser) == "de"


def test_address_that_was_typed_stays_while_a_language_is_chosen(home, ada, browser):
    browser.open(f"{home.path}/sign-in")
    step = browser.at
    browser.submit(email=ada.email, press="Language: English").submit({}, press="Deutsch")
    assert browser.at == step
    assert browser.page.forms[0].fields["email"].value == ada.email
    steps.prove(browser.submit({}, press="Weiter"), home, ada)
    assert browser.at == f"{home.path}/"


def test_what_is_no_address_is_not_kept(home, browser):
    browser.open(f"{home.path}/sign-in").submit(email="not one", press="Language: English").submit({}, press="Deutsch")
    assert (browser.path, browser.page.forms[0].fields["email"].value) == (f"{home.path}/sign-in", "")


def test_choice_before_all_else_and_for_mails(home, ada, german):
    app = factories.application(home)
    steps.sign_in(german, home, ada)
    assert speaks(home, ada) == "de"
    german.open(f"{home.path}/account").follow("Deutsch").submit({}, press="English")
    assert (german.at, spoken(german), speaks(home, ada)) == (f"{home.path}/account", "en", "en")
    german.open(authorize_path(home, app, ui_locales="de", prompt="login"))
    assert spoken(german) == "en"


def test_console_follows_the_same_rule(home, german):
    boss = factories.account(home, role="owner")
    steps.sign_in(german, home, boss)
    german.open(f"{home.path}/console/")
    assert (spoken(german), german.title.partition(" · ")[0]) == ("de", "Übersicht")
    german.follow("Deutsch").submit({}, press="English")
    assert (german.at, spoken(german)) == (f"{home.path}/console/", "en")


def test_pages_of_no_tenant_have_a_choice_of_their_own(german):
    german.open("/")
    assert spoken(german) == "de"
    german.follow("Deutsch").submit({}, press="English")
    assert (german.at, spoken(german)) == ("/", "en")
    german.open("/operator/sign-in")
    assert spoken(german) in {"de", "en"}


def test_code_is_mailed_in_the_language_of_its_reader(post):
    home = factories.tenant(post.broker)
    known, new = factories.account(home, language="de"), factories.account(home)
    for who, languages, subject in ((known, "en", "ist Ihr Code"), (new, "de", "ist Ihr Code"), (new, "en", "is your code")):
        browser = post.browser()
        browser.languages = languages
        browser.open(f"{home.path}/reset").submit(email=who.email)
        mail = post.mails_to(who.email)[-1]
        assert subject in mail["Subject"]
        assert f'lang="{"de" if "Ihr" in subject else "en"}"' in html_of(mail)


def test_mail_to_somebody_whose_language_is_not_known_is_in_that_of_the_tenant(post):
    home = factories.tenant(post.broker)
    home.change(TenantSettings, "settings", language="de")
    ada, eve = factories.account(home), factories.account(home, language="en")
    with post.app.app_context():
        assert made(home, "account_ready", ada.email).subject == "Ihr Konto ist eingerichtet"
        assert made(home, "account_ready", eve.email).subject == "Your account is set up"
        assert made(home, "account_ready", "desk@elsewhere.example").subject == "Ihr Konto ist eingerichtet"


def test_finder_answers_in_the_language_of_its_page(post):
    home = factories.tenant(post.broker)
    ada = factories.account(home)
    browser = post.browser()
    browser.languages = GERMAN
    browser.open("/").submit(email=ada.email)
    (mail,) = post.mails_to(ada.email)
    assert mail["Subject"] == "Wo Sie sich anmelden"


def test_inviting_admin_says_in_which_language(post):
    home = factories.tenant(post.broker)
    boss = steps.sign_in(post.browser(), home, factories.account(home, role="owner"))
    form = boss.open(f"{home.path}/console/users/new").page.forms[-1]
    assert (form.fields["language"].value, form.fields["language"].choices) == ("en", ["en", "de"])
    email = f"jane@{home.domain}"
    boss.submit(email=email, name="Jane", language="de", press="Add user")
    (mail,) = post.mails_to(email)
    assert mail["Subject"] == "Konto einrichten"
    jane = post.browser()
    jane.languages = "en"
    jane.open(link_in(mail))
    assert spoken(jane) == "de", "who has the link is known"
    jane.submit({}, press="Sprache: Deutsch").submit({}, press="en")
    assert (jane.at, spoken(jane)) == (link_in(mail).removeprefix(jane.home), "en")
    boss.post(
        f"{home.path}/console/users/new",
        {"csrf_token": form.fields["csrf_token"].value, "email": "x@y.example"} | {"language": "tlh"},
    )
    assert (boss.status, stored(home, Account, email="x@y.example")) == (422, [])
