"""A person changes how they sign in: password, authenticator app, recovery codes, passkeys, all factors at once."""

from datetime import timedelta
from threading import Thread

import pytest

from broker.account.password import MAIL_LIMIT
from tenants.accounts import Account
from tenants.audit import Event
from tenants.devices import Device
from tenants.ids import digest, new_id
from tenants.passkeys import Passkey
from tenants.sessions import BrowserSession
from tenants.transactions import Invitation
from tests import factories
from tests.factories import Someone
from tests.peers.authenticator import Authenticator
from tests.support import steps
from tests.support.own_page import changes, elsewhere, facts_to, give_codes, is_over, mails_to, of_kind
from tests.support.passkeys import options_on
from tests.support.rows import device, passkey, stored
from tests.support.wiring import ORIGIN


@pytest.fixture
def home(broker):
    return factories.tenant(broker)


@pytest.fixture
def ada(home):
    return factories.account(home)


def open_own(browser, home, path=""):
    return browser.open(f"{home.path}/account{path}")


# Password


def change(browser, home, who, new=steps.CHOSEN, again=None, current=None):
    open_own(browser, home, "/password")
    return browser.submit(password=who.password if current is None else current, new_password=new, repeat_password=again or new)


def test_password_is_changed(home, ada, at_home, new_browser):
    other, known = elsewhere(home, ada), device(home, ada.id)
    link = factories.invitation(home, account_id=ada.id, purpose="reset")
    change(at_home, home, ada)
    assert "Your password was changed. You were signed out everywhere else." in at_home.words
    assert is_over(home, other)
    assert stored(home, Device, id=known.id) == []
    assert stored(home, Invitation, id=link.id)[0].superseded_at is not None
    assert changes(home) == ["password"]
    assert facts_to(home, ada, "credential_changed") == {
        "what": "password",
        "at": home.now.isoformat(),
        "address": "127.0.0.1",
        "by": "you",
    }
    changed = Someone(ada.id, ada.email, steps.CHOSEN, ada.seed)
    assert steps.sign_in(new_browser(), home, changed).at == f"{home.path}/"
    browser = new_browser()
    browser.open(f"{home.path}/sign-in").submit(email=ada.email).submit(password=ada.password)
    assert browser.status == 403


@pytest.mark.parametrize(
    ("values", "said", "status"),
    [
        ({"current": "not it at all"}, "This is not your current password.", 403),
        ({"new": "short"}, "At least 8 characters", 400),
        ({"again": "Another-Otter_42"}, "The two entries are not the same.", 400),
        ({"new": factories.PASSWORD}, "This is the password that you have now. Choose another one.", 400),
        ({"new": "x" * 2000}, "This can’t be a password: it is too long, or not text.", 400),
        ({"current": "x" * 2000}, "This is not your current password.", 403),
    ],
    ids=["wrong current", "too short", "not the same", "the old one", "too long", "no password at all"],
)
def test_what_is_wrong_is_said_at_its_field(home, ada, at_home, values, said, status):
    change(at_home, home, ada, **values)
    assert at_home.status == status
    assert said in at_home.words
    assert at_home.title.startswith("Error: ")
    assert changes(home) == []


def test_sign_in_that_is_being_written_ends_with_the_change(home, ada, at_home):
    """Nobody sees its session before it is there, so the change has to wait for it."""
    open_own(at_home, home, "/password")
    form = {"password": ada.password, "new_password": steps.CHOSEN, "repeat_password": steps.CHOSEN}
    changing = Thread(target=lambda: at_home.submit(**form))
    with home.db.writing() as db:
        row = login_session(home, ada)
        db.add(row)
        db.flush()
        changing.start()
        changing.join(1)
    changing.join()
    assert changes(home) == ["password"]
    assert stored(home, BrowserSession, id=row.id)[0].ended_at is not None


def login_session(home, who):
    times = {"auth_time": home.now, "created_at": home.now, "last_seen_at": home.now}
    ends = home.now + timedelta(hours=1)
    columns = {"account_id": who.id, "method": "local", "proofs": [], "expires_at": ends}
    return BrowserSession(id=new_id("ses"), cookie_hash=digest(new_id("x")), **columns, **times)


def test_without_a_mail_server_no_reset_mail_is_promised(home, ada, at_home):
    open_own(at_home, home)
    assert "reset mail" not in at_home.words
    token = at_home.page.forms[0].fields["csrf_token"].value
    at_home.post(f"{home.path}/account/password/mail", {"csrf_token": token})
    assert "is on its way" not in at_home.words
    assert mails_to(home, ada) == []


def test_reset_mail_goes_to_the_own_address_a_few_times_an_hour(post):
    home, at_home = factories.tenant(post.broker), post.browser()
    ada = factories.account(home)
    steps.sign_in(at_home, home, ada)
    for _ in range(MAIL_LIMIT.cap):
        open_own(at_home, home).submit(press="Send me a reset mail")
        assert "A mail with a link for a new password is on its way." in at_home.words
    facts = facts_to(home, ada, "reset_link")
    (link,) = stored(home, Invitation, token_hash=digest(facts["token"]))
    assert (link.account_id, link.purpose, link.expires_at.isoformat()) == (ada.id, "reset", facts["expires_at"])
    open_own(at_home, home).submit(press="Send me a reset mail")
    assert at_home.status == 429
    assert "That is enough mails for now." in at_home.words
    assert mails_to(home, ada).count("reset_link") == MAIL_LIMIT.cap


# The authenticator app


def begin_app(browser, home, who):
    """At the page of the new app: who this is with it."""
    open_own(browser, home, "/app")
    return Someone(who.id, who.email, who.password, steps.seed_on(browser))


def test_app_is_replaced_when_the_new_one_is_proven(home, ada, at_home, new_browser):
    other = elsewhere(home, ada)
    give_codes(home, ada)
    renewed = begin_app(at_home, home, ada)
    assert len(of_kind(home, ada, "totp")) == 1
    assert steps.sign_in(new_browser(), home, ada).at == f"{home.path}/"  # the old one counts until then
    at_home.submit(code=renewed.code(home.now))
    assert "The new authenticator app counts from now on." in at_home.words
    assert is_over(home, other)
    (app,) = of_kind(home, ada, "totp")
    assert app.last_step is not None
    assert changes(home) == ["totp_added"]
    assert len(of_kind(home, ada, "recovery_code")) == 10
    assert steps.sign_in(new_browser(), home, renewed).at == f"{home.path}/"


def test_wrong_code_leaves_the_old_app(home, ada, at_home):
    begin_app(at_home, home, ada)
    secret = steps.seed_on(at_home)
    at_home.submit(code="000000")
    assert at_home.status == 403
    assert steps.seed_on(at_home) == secret
    assert changes(home) == []


def test_first_app_brings_codes_when_there_are_none(home, ada, at_home):
    renewed = begin_app(at_home, home, ada)
    at_home.submit(code=renewed.code(home.now))
    assert at_home.title.startswith("Save your recovery codes")
    at_home.follow("I have saved them")
    assert "The new authenticator app counts from now on." in at_home.words


def test_page_of_the_app_that_was_open_for_too_long_begins_anew(home, ada, at_home):
    begin_app(at_home, home, ada)
    form = at_home.page.forms[0]
    at_home.post(f"{home.path}/account/app", {"csrf_token": form.fields["csrf_token"].value, "tx": "gone", "code": "123456"})
    assert at_home.path == f"{home.path}/account/app"
    assert steps.seed_on(at_home)
    assert changes(home) == []


def test_app_goes_where_a_passkey_stays(home, ada, at_home):
    assert "Remove…" not in open_own(at_home, home).words
    assert open_own(at_home, home, "/app/remove").words.count("It is your only second factor") == 1
    passkey(home, ada.id, label="Laptop")
    open_own(at_home, home, "/app/remove").submit(press="Remove the app and sign out everywhere else")
    assert "The authenticator app was removed." in at_home.words
    assert of_kind(home, ada, "totp") == []
    assert changes(home) == ["totp_removed"]


# Recovery codes


def test_new_codes_are_shown_once_and_old_ones_stop(home, ada, at_home):
    give_codes(home, ada, 3)
    other = elsewhere(home, ada)
    before = {row.id for row in of_kind(home, ada, "recovery_code")}
    open_own(at_home, home, "/recovery-codes")
    assert "The old ones stop working: 3." in at_home.words
    at_home.submit(press="Make new recovery codes")
    assert at_home.title.startswith("Save your recovery codes")
    assert at_home.response.headers["Cache-Control"] == "no-store"
    after = {row.id for row in of_kind(home, ada, "recovery_code")}
    assert (len(after), before & after) == (10, set())
    assert is_over(home, other)
    assert changes(home) == ["recovery_codes"]
    assert mails_to(home, ada).count("credential_changed") == 1


# Passkeys


def test_passkey_is_added_renamed_and_removed(home, ada, at_home):
    give_codes(home, ada)
    other = elsewhere(home, ada)
    open_own(at_home, home, "/passkeys/add")
    made = Authenticator(ORIGIN).create(options_on(at_home))
    show_own(at_home, made, label="My laptop")
    assert "The passkey was added." in at_home.words
    assert "Passkey “My laptop” Added" in at_home.words
    assert not is_over(home, other)
    at_home.follow("Rename").submit(label="Work laptop")
    assert "Passkey “Work laptop” Added" in at_home.words
    (row,) = stored(home, Passkey, account_id=ada.id)
    open_own(at_home, home, f"/passkeys/remove?passkey={row.id}")
    at_home.submit(press="Remove the passkey and sign out everywhere else")
    assert "The passkey was removed." in at_home.words
    assert stored(home, Passkey, account_id=ada.id) == []
    assert is_over(home, other)
    assert sorted(changes(home)) == ["passkey_added", "passkey_removed", "passkey_renamed"]
    assert mails_to(home, ada).count("credential_changed") == 2


def show_own(browser, answer, **more):
    """The second form of the page: the first one signs out."""
    form = next(one for one in browser.page.forms if "answer" in one.fields)
    hidden = {name: form.fields[name].value for name in ("csrf_token", "tx")}
    return browser.post(form.action, hidden | {"answer": answer} | more)


def test_name_is_needed(home, ada, at_home):
    open_own(at_home, home, "/passkeys/add")
    made = Authenticator(ORIGIN).create(options_on(at_home))
    assert show_own(at_home, made, label=" ").status == 400
    assert show_own(at_home, "", label="Laptop").status == 400
    assert show_own(at_home, "{}", label="Laptop").status == 403
    assert "This device did not make a passkey." in at_home.words
    row = passkey(home, ada.id)
    assert open_own(at_home, home, f"/passkeys/rename?passkey={row.id}").submit(label=" ").status == 400
    assert changes(home) == []


def test_passkeys_are_not_offered_where_policy_says_so(broker, browser):
    home = factories.tenant(broker, passkeys=False)
    steps.sign_in(browser, home, factories.account(home))
    assert "Add a passkey" not in open_own(browser, home).words
    assert open_own(browser, home, "/passkeys/add").path == f"{home.path}/account"


# Resetting


def test_factors_are_reset_with_a_new_app_in_their_place(home, ada, at_home, new_browser):
    other = elsewhere(home, ada)
    passkey(home, ada.id)
    give_codes(home, ada, 4)
    open_own(at_home, home, "/factors/reset")
    assert "the authenticator app; passkeys: 1; recovery codes: 4" in at_home.words
    at_home.submit(press="Continue to the new app")
    renewed = Someone(ada.id, ada.email, ada.password, steps.seed_on(at_home))
    assert len(stored(home, Passkey, account_id=ada.id)) == 1  # nothing has changed yet
    before = at_home.cookie("sid")
    at_home.submit(code=renewed.code(home.now))
    assert at_home.title.startswith("Save your recovery codes")
    assert at_home.cookie("sid") != before
    at_home.follow("I have saved them")
    assert "Your second factors were reset." in at_home.words
    assert "Last reset" in at_home.words
    assert stored(home, Passkey, account_id=ada.id) == []
    assert is_over(home, other)
    assert stored(home, Account, id=ada.id)[0].factors_reset_at == home.now
    assert [event.detail["by"] for event in steps.events(home, Event.FACTORS_RESET)] == ["you"]
    assert facts_to(home, ada, "credential_changed")["what"] == "factors_reset"
    assert steps.sign_in(new_browser(), home, renewed).at == f"{home.path}/"


def test_without_a_password_factors_simply_go(home, browser):
    jo = factories.account(home, with_password=False)
    browser.client.set_cookie(**factories.cookie_of(home, factories.session(home, jo, method="sso")))
    open_own(browser, home, "/factors/reset").submit(press="Remove them and sign out everywhere else")
    assert "Your second factors were reset." in browser.words
    assert of_kind(home, jo, "totp") == []
