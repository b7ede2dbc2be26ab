"""First-time login (L2): from the sign-in page to the application, by a mailed code."""

import pytest

from tenants.accounts import Account
from tenants.addresses import normalise_address
from tenants.audit import Event
from tenants.invitations import Invitee, invite
from tests import factories
from tests.support import steps
from tests.support.by_mail import ask, choose, enrol, newest_code, prove_address, wrong_code
from tests.support.mails import code_in
from tests.support.posted import text_of


@pytest.fixture
def home(post):
    return factories.tenant(post.broker)


@pytest.fixture
def jo(home):
    """Invited; nothing is set up yet."""
    return factories.account(home, f"jo@{home.domain}", state="invited", is_local_enabled=True, **NOTHING)


NOTHING = {"with_password": False, "with_totp": False, "activated_at": None}


def account_of(home, who):
    with home.db.reading() as db:
        return db.get_one(Account, (home.id, who.id))


def test_person_gets_from_the_sign_in_page_to_the_application_and_stays_signed_in(post, home, jo):
    app = factories.application(home)
    browser = post.browser()
    browser.open(f"{home.path}/oidc/authorize?response_type=code&client_id={app.client_id}&scope=openid"
                 f"&redirect_uri={app.redirect_uris[0]}&code_challenge={'x' * 43}&code_challenge_method=S256")  # fmt: skip
    browser.follow("First time here?")
    assert browser.path == f"{home.path}/first-login"
    assert app.name in browser.words
    browser.submit(email=jo.email)
    assert "If this address can sign in here, a six-digit code is on its way." in browser.words
    browser.submit(code=newest_code(post, jo.email))
    assert browser.path == f"{home.path}/first-login/password"
    assert "At least 8 characters" in browser.words
    choose(browser)
    assert browser.path == f"{home.path}/first-login/app"
    someone = enrol(browser, home, jo.email)
    assert browser.path == f"{home.path}/first-login/done"
    assert "Your account is set up" in browser.words
    browser.follow(f"Continue to {app.name}")
    assert browser.foreign.startswith(f"{app.redirect_uris[0]}?code=")

    row = account_of(home, jo)
    assert (row.state, row.is_email_verified) == ("active", True)
    assert row.activated_at == row.last_login_at == home.now
    assert [event.detail.get("proofs") for event in steps.events(home, Event.LOGIN_SUCCEEDED)] == ["pwd otp"]
    assert post.mails_to(jo.email)[-1]["Subject"] == "Your account is set up"
    assert steps.sign_in(post.browser(), home, someone).at == f"{home.path}/"


def test_address_that_was_typed_before_is_there(post, home, jo):
    browser = post.browser().open(f"{home.path}/sign-in").submit(email=jo.email)
    browser.follow("First time here?")
    assert browser.page.forms[0].fields["email"].value == jo.email


def test_new_code_ends_the_one_before(post, home, jo):
    browser = ask(post.browser(), home, jo.email, "first-login")
    first = newest_code(post, jo.email)
    browser.submit(press="Send a new code")
    second = newest_code(post, jo.email)
    assert browser.path == f"{home.path}/first-login/code"
    if first != second:
        assert browser.submit(code=first).status == 403
    assert browser.submit(code=second).path == f"{home.path}/first-login/password"


def test_code_may_be_typed_with_blanks(post, home, jo):
    browser = ask(post.browser(), home, jo.email, "first-login")
    code = newest_code(post, jo.email)
    assert browser.submit(code=f" {code[:3]} {code[3:]} ").path == f"{home.path}/first-login/password"


def test_wrong_code_keeps_the_page_and_says_so(post, home, jo):
    browser = ask(post.browser(), home, jo.email, "first-login")
    browser.submit(code=wrong_code(newest_code(post, jo.email)))
    assert browser.status == 403
    assert "This code is not right. Check the newest mail from us." in browser.words
    assert browser.title.startswith("Error:")
    assert jo.email in browser.words
    (event,) = steps.events(home, Event.CODE_WRONG)
    assert event.cause == "code_invalid"


def test_expired_code_offers_a_new_one(post, home, jo):
    browser = ask(post.browser(), home, jo.email, "first-login")
    code = newest_code(post, jo.email)
    home.broker.ports.clock.advance(minutes=5)
    browser.submit(code=code)
    assert browser.status == 403
    assert "This code is older than 5 minutes. Send a new one below." in browser.words
    assert steps.events(home, Event.CODE_WRONG)[0].cause == "code_expired"
    browser.submit(press="Send a new code")
    assert browser.submit(code=newest_code(post, jo.email)).path == f"{home.path}/first-login/password"


def test_another_address_can_be_typed(post, home, jo):
    browser = ask(post.browser(), home, f"typo@{home.domain}", "first-login")
    browser.follow("Not you?")
    assert browser.page.forms[0].fields["email"].value == f"typo@{home.domain}"
    browser.submit(email=jo.email)
    assert browser.submit(code=newest_code(post, jo.email)).path == f"{home.path}/first-login/password"


@pytest.mark.parametrize("typed", ["jo", "jo@", "@x.example", "jo@x", ""])
def test_what_is_no_address_is_asked_for_again(post, home, typed):
    browser = ask(post.browser(), home, typed, "first-login")
    assert (browser.status, browser.path) == (400, f"{home.path}/first-login")
    assert not steps.events(home, Event.CODE_SENT)


def test_steps_cannot_be_skipped(post, home, jo):
    browser = ask(post.browser(), home, jo.email, "first-login")
    tx = steps.tx_of(browser)
    for page in ("password", "app"):
        assert browser.open(f"{home.path}/first-login/{page}?tx={tx}").status == 400, page
    assert browser.open(f"{home.path}/sign-in/totp?tx={tx}").status == 400
    browser.open(f"{home.path}/first-login/code?tx={tx}").submit(code=newest_code(post, jo.email))
    assert browser.open(f"{home.path}/first-login/app?tx={tx}").status == 400
    assert "Start again" in browser.words


def test_code_page_without_an_address_asks_for_one(post, home):
    browser = post.browser().open(f"{home.path}/first-login")
    assert browser.open(f"{home.path}/first-login/code?tx={steps.tx_of(browser)}").path == f"{home.path}/first-login"


def test_proven_address_needs_no_second_code(post, home, jo):
    browser = prove_address(post, post.browser(), home, jo.email, "first-login")
    tx = steps.tx_of(browser)
    assert browser.open(f"{home.path}/first-login/code?tx={tx}").path == f"{home.path}/first-login/password"


def test_too_long_a_pause_starts_again_towards_the_same_place(post, home, jo):
    app = factories.application(home)
    browser = post.browser()
    browser.open(f"{home.path}/oidc/authorize?response_type=code&client_id={app.client_id}&scope=openid"
                 f"&redirect_uri={app.redirect_uris[0]}&code_challenge={'x' * 43}&code_challenge_method=S256")  # fmt: skip
    browser.follow("First time here?").submit(email=jo.email)
    code = newest_code(post, jo.email)
    home.broker.ports.clock.advance(minutes=61)
    browser.submit(code=code)
    assert browser.status == 400
    assert "This took too long" in browser.words
    browser.follow("Start again")
    assert (browser.path, browser.status) == (f"{home.path}/first-login", 200)
    assert app.name in browser.words


def test_person_with_everything_chooses_a_new_password_only(post, home):
    ada = factories.account(home)
    browser = prove_address(post, post.browser(), home, ada.email, "first-login")
    assert browser.path == f"{home.path}/sign-in/totp"
    browser.submit(code=steps.fresh_code(home, ada))
    choose(browser)
    assert browser.path == f"{home.path}/reset/done"
    assert not steps.is_signed_in(browser, home)


def test_account_whose_factors_were_reset_enrols_anew_and_is_told_at_sign_in(post, home):
    ada = factories.account(home, with_totp=False)
    browser = post.browser().open(f"{home.path}/sign-in").submit(email=ada.email).submit(password=ada.password)
    assert "One more step to protect your account" in browser.words
    browser.follow("Set up the app")
    assert browser.path == f"{home.path}/first-login"
    browser.submit(email=ada.email).submit(code=newest_code(post, ada.email))
    choose(browser)
    enrol(browser, home, ada.email)
    assert "Your account is set up" in browser.words
    told = [mail["Subject"] for mail in post.mails_to(ada.email)[1:]]
    assert len(told) == 2


def test_page_says_how_to_begin_and_whom_to_ask(post, home):
    browser = post.browser().open(f"{home.path}/activate")
    assert "Activate your account" in browser.words
    assert f"help@{home.domain}" in browser.words
    assert browser.follow("Start").path == f"{home.path}/first-login"
    assert browser.follow("What happens then?").path == f"{home.path}/activate"


def test_without_a_mail_server_nothing_is_offered(broker, browser):
    home = factories.tenant(broker)
    browser.open(f"{home.path}/sign-in")
    assert "First time here?" not in browser.words
    browser.submit(email=f"jo@{home.domain}")
    assert "Forgot your password?" not in browser.words
    assert browser.open(f"{home.path}/first-login").status == 404
    assert "Open the link of your invitation" in browser.open(f"{home.path}/activate").words
    assert not browser.page.forms


def test_without_local_sign_in_nothing_is_offered(post):
    home = factories.tenant(post.broker, local_enabled=False)
    browser = post.browser()
    for page in ("first-login", "reset", "activate"):
        assert browser.open(f"{home.path}/{page}").status == 404, page


def test_domain_that_enforces_its_connection_gets_no_code(post, home):
    way = steps.Way(home, factories.connection(home), None)
    steps.listed(home, way=way, proven=True, enforce=True)
    browser = ask(post.browser(), home, f"jo@{home.domain}", "first-login")
    assert browser.status == 403
    assert not steps.events(home, Event.CODE_SENT)


def test_activation_period_decides_about_codes(post, home, jo):
    home.broker.ports.clock.advance(days=31)
    browser = ask(post.browser(), home, jo.email, "first-login")
    assert browser.path == f"{home.path}/first-login/code"
    (mail,) = post.mails_to(jo.email)
    assert "Your invitation has run out" in text_of(mail)


def test_first_login_ends_the_invitation(post, home):
    address = normalise_address(f"jo@{home.domain}")
    with home.db.writing() as db:
        token, _ = invite(db, Invitee(address), home.now)
    browser = prove_address(post, post.browser(), home, address.text, "first-login")
    choose(browser)
    enrol(browser, home, address.text)
    assert browser.open(f"{home.path}/activate/{token}").status == 410


def test_disclosing_tenant_tells_at_once_but_not_that_nothing_is_set_up_yet(post):
    home = factories.tenant(post.broker, discloses_account_state=True)
    jo = factories.account(home, f"jo@{home.domain}", state="invited", is_local_enabled=True, **NOTHING)
    browser = ask(post.browser(), home, f"nobody@{home.domain}", "first-login")
    assert "You have no account here yet" in browser.words
    assert ask(browser, home, jo.email, "first-login").path == f"{home.path}/first-login/code"
    assert code_in(post.mails_to(jo.email)[-1])
