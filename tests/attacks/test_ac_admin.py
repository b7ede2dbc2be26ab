"""Attacks on the admin's ways: the back door, and what makes an admin (security.md, AC)."""

import re
from collections import Counter
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from sqlalchemy import inspect, select

from broker.logs import configure_logs
from tenants.accounts import Account
from tenants.audit import AuditEvent, Event
from tenants.backdoors import Backdoor, DoorCredential
from tenants.door_keeping import rotate_door
from tenants.ids import digest, new_secret
from tenants.sessions import BrowserSession
from tenants.transactions import LoginTransaction
from tests import factories
from tests.factories import Someone
from tests.support import steps
from tests.support.by_mail import FLOWS, app_code, newest_code
from tests.support.console import console_places, signed_in
from tests.support.doors import SECRET, go_through
from tests.support.passkeys import device_of, options_on
from tests.support.recovery import codes_of
from tests.support.routes import csrf_token, everything
from tests.support.rows import backdoor, door_credential, door_holder, stored
from tests.support.stores import ON_SQLITE
from tests.support.wiring import ORIGIN

WRONG = "The e-mail address, the password or the code is not right."
REFERENCE = re.compile(r"[2-9A-Z]{4}-[2-9A-Z]{4}")


@pytest.fixture
def home(broker):
    made = factories.tenant(broker)
    backdoor(made, SECRET)
    return made


@pytest.fixture
def holder(home):
    return door_holder(home)


def plain(answer) -> tuple[int, str, str]:
    """An answer without its reference, as nothing else may differ."""
    headers = str(sorted((name, value) for name, value in answer.headers if name != "Content-Length"))
    return answer.status_code, REFERENCE.sub("?", headers), REFERENCE.sub("?", answer.text)


# AC-01

GUESSES = [
    "x", "", "door", "a" * 43, "a" * 5000, SECRET[:-1], SECRET + "a", SECRET.upper(), SECRET + "/", "/" + SECRET,
    SECRET + "%00", SECRET + ".", SECRET + "%20", "%20" + SECRET, "..", "%2e%2e", "ü", "%ff", "' OR 1=1 --", "*",
]  # fmt: skip


@ON_SQLITE
@pytest.mark.parametrize("method", ["GET", "POST", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "PROPFIND"])
def test_ac01_wrong_address_is_any_page_that_is_not_there(app, home, method, clock):
    client = app.test_client()
    closed = factories.tenant(home.broker)
    for place in (home, closed):
        nowhere = plain(client.open(f"{place.path}/nowhere/x", method=method, base_url=ORIGIN))
        assert nowhere[0] == 404
        for guess in GUESSES:
            answer = plain(client.open(f"{place.path}/door/{guess}", method=method, base_url=ORIGIN))
            assert answer == nowhere, guess


def test_ac01_wrong_address_does_the_same_work(app, home, count_statements):
    client = app.test_client()
    client.get(f"{home.path}/nowhere", base_url=ORIGIN)
    asked = []
    for path in ("/nowhere/x", f"/door/{new_secret()}", f"/door/{SECRET[:-1]}b"):
        with count_statements() as count:
            client.get(f"{home.path}{path}", base_url=ORIGIN)
        asked.append((count.statements, count.commits))
    assert asked == [([], 0)] * 3


def test_ac01_guessing_writes_nothing_and_sets_no_cookie(app, home):
    client = app.test_client()
    for _ in range(500):
        answer = client.get(f"{home.path}/door/{new_secret()}", base_url=ORIGIN)
        assert (answer.status_code, answer.headers.getlist("Set-Cookie")) == (404, [])
    with home.db.reading() as db:
        assert db.scalars(select(LoginTransaction)).all() == []
        assert db.scalars(select(AuditEvent)).all() == []


def test_ac01_secret_has_256_bits_and_is_kept_as_its_hash(home):
    with home.db.writing() as db:
        secrets = {rotate_door(db, home.now) for _ in range(50)}
    assert len(secrets) == 50
    assert {len(one) for one in secrets} == {43}
    with home.db.reading() as db:
        kept = {str(getattr(db.scalars(select(Backdoor)).one(), column.key)) for column in inspect(Backdoor).columns}
        told = "".join(str(one.detail) for one in db.scalars(select(AuditEvent)))
    assert not secrets & kept
    assert not any(one in told for one in secrets)


def test_ac01_door_of_another_tenant_is_unknown_here(app, home):
    other = factories.tenant(home.broker)
    answer = app.test_client().get(f"{other.path}/door/{SECRET}", base_url=ORIGIN)
    assert answer.status_code == 404


# AC-02


def not_marked(home, holder):
    return factories.account(home, role="admin")


def not_set_up(home, holder):
    ada = factories.account(home, role="admin")
    door_credential(home, ada.id)
    return ada


def other_role(role):
    def change(home, holder):
        home.change(Account, holder.id, role=role)
        return holder

    return change


def in_state(**values):
    def change(home, holder):
        values_now = {name: home.now if value is True else value for name, value in values.items()}
        home.change(Account, holder.id, **values_now)
        return holder

    return change


def with_code_of_the_ordinary_app(home, holder):
    """The door's password, and the code of the same person's everyday app."""
    everyday = factories.credential(home, holder.id, seed="JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP")
    assert everyday.kind == "totp"
    return Someone(holder.id, holder.email, holder.password, "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP")


def with_ordinary_password(home, holder):
    return Someone(holder.id, holder.email, factories.PASSWORD, holder.seed)


ATTEMPTS = {
    "wrong password": (None, {"password": "not the password at all"}),
    "no password": (None, {"password": ""}),
    "a password that is none": (None, {"password": "x" * 5000}),
    "no code": (None, {"code": ""}),
    "a wrong code": (None, {"code": "000000"}),
    "no number": (None, {"code": "abcdef"}),
    "unknown address": (None, {"email": "nobody@nowhere.example"}),
    "no address": (None, {"email": "ada"}),
    "not marked": (not_marked, {}),
    "marked and not set up": (not_set_up, {}),
    "helpdesk by now": (other_role("helpdesk"), {}),
    "without a role by now": (other_role(None), {}),
    "switched off": (in_state(state="disabled"), {}),
    "deleted": (in_state(state="deleted"), {}),
    "at the end": (in_state(expires_at=True), {}),
    "the ordinary app's code": (with_code_of_the_ordinary_app, {}),
    "the ordinary password": (with_ordinary_password, {}),
}


@contextmanager
def counted_hashes(hasher):
    """Looks on while passwords are hashed."""
    seen, real = [], hasher.verify

    def verify(*given):
        seen.append(given)
        return real(*given)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(hasher, "verify", verify)
        yield seen


def attempt(browser, home, who, instead, count_statements):
    """A try by somebody who has tried before, and what can be seen of it: from outside, and of its work."""
    for _ in range(2):
        browser.open(f"{home.path}/door/{SECRET}")
        tx = steps.tx_of(browser)
        sent = {"email": who.email, "password": who.password, "code": steps.fresh_code(home, who)} | instead
        with counted_hashes(home.broker.hasher) as hashes, count_statements() as count:
            browser.submit(sent)
    shown = browser.text
    token = next(form.fields["csrf_token"].value for form in browser.page.forms if "csrf_token" in form.fields)
    for own in (tx, token, sent["email"]):
        shown = shown.replace(own, "?")
    cookies = sorted(line.partition("=")[0] for line in browser.response.headers.getlist("Set-Cookie"))
    return browser.status, shown, cookies, len(hashes), count.statements, count.commits


@pytest.mark.parametrize("name", ATTEMPTS)
def test_ac02_every_wrong_try_gets_the_same_answer_for_the_same_work(home, holder, new_browser, count_statements, name):
    """Compared with a wrong password of another marked admin."""
    arrange, instead = ATTEMPTS[name]
    usual = attempt(new_browser(), home, door_holder(home), {"password": "wrong in any case"}, count_statements)
    who = arrange(home, holder) if arrange else holder
    assert attempt(new_browser(), home, who, instead, count_statements) == usual
    assert usual[0] == 403
    assert WRONG in usual[1]
    with home.db.reading() as db:
        assert db.scalars(select(BrowserSession)).all() == []


def test_ac02_code_works_once(home, holder, browser, new_browser, clock):
    other, sent = new_browser(), {"email": holder.email, "password": holder.password}
    for one in (browser, other):
        one.open(f"{home.path}/door/{SECRET}")
    earlier = holder.code(clock.now())
    code = holder.code(clock.advance(seconds=30))
    assert browser.submit(sent | {"code": code}).at == f"{home.path}/console/"
    for spent in (code, earlier):  # both within the drift that is allowed
        other.submit(sent | {"code": spent})
        assert (other.status, WRONG in other.words) == (403, True)


def test_ac02_code_that_comes_many_times_at_once_works_once(home, holder, new_browser):
    code = steps.fresh_code(home, holder)
    browsers = [new_browser() for _ in range(4)]
    for one in browsers:
        one.open(f"{home.path}/door/{SECRET}")
    steps.at_once([lambda one=one: one.submit(email=holder.email, password=holder.password, code=code) for one in browsers])
    assert sorted(one.status for one in browsers) == [200, 403, 403, 403]
    with home.db.reading() as db:
        assert len(db.scalars(select(BrowserSession)).all()) == 1


def test_ac02_door_has_no_other_factor_and_no_reset(home, holder, browser):
    """Its page offers the three fields and nothing else."""
    browser.open(f"{home.path}/door/{SECRET}")
    (form,) = browser.page.forms
    assert set(form.fields) == {"csrf_token", "tx", "email", "password", "code"}
    assert [link.href for link in browser.page.links if not link.href.startswith("mailto:")] == []


def test_ac02_ordinary_sign_in_takes_none_of_the_doors_credentials(home, holder, browser):
    home.change(Account, holder.id, is_local_enabled=True)
    browser.open(f"{home.path}/sign-in").submit(email=holder.email)
    assert browser.submit(password=holder.password).status == 403


def test_ac02_network_that_is_not_allowed_is_refused_alike(home, holder, browser, clock):
    backdoor(home, SECRET, networks=["10.0.0.0/8", "2001:db8::/32"])
    go_through(browser, home, holder)
    assert (browser.status, WRONG in browser.words) == (403, True)
    assert steps.events(home, Event.DOOR_REFUSED)[-1].detail["detail"] == "network outside"
    for near in ("10.1.2.3", "::ffff:10.1.2.3", "2001:db8::7"):
        browser.forget_cookies()
        browser.address = near
        go_through(browser, home, holder)
        assert browser.at == f"{home.path}/console/", near
    browser.forget_cookies()
    browser.address = "no address"
    assert go_through(browser, home, holder).status == 403


# AC-04


def test_ac04_door_has_counters_of_its_own(home, holder, browser, clock):
    """Whoever is locked out at the front is not so at the back, nor the other way round."""
    home.change(Account, holder.id, is_local_enabled=True)
    for _ in range(7):
        browser.open(f"{home.path}/sign-in").submit(email=holder.email)
        browser.submit(password="wrong wrong wrong")
    browser.open(f"{home.path}/sign-in").submit(email=holder.email)
    assert browser.submit(password="wrong wrong wrong").status == 429
    assert go_through(browser, home, holder).at == f"{home.path}/console/"


def try_often(browser, home, email, count):
    for _ in range(count):
        browser.open(f"{home.path}/door/{SECRET}").submit(email=email, password="wrong", code="000000")
    return browser


@pytest.mark.parametrize("is_known", [True, False])
def test_ac04_tries_are_paused_whoever_it_is(home, holder, browser, clock, is_known):
    email = holder.email if is_known else "nobody@nowhere.example"
    assert try_often(browser, home, email, 5).status == 403
    browser.open(f"{home.path}/door/{SECRET}")
    browser.submit(email=email, password=holder.password, code=holder.code(clock.now()))
    assert browser.status == 429
    assert "Too many tries" in browser.words
    refused = steps.events(home, Event.DOOR_REFUSED)
    assert Counter(one.cause for one in refused) == {"credentials_invalid": 5, "rate_limited": 1}


def test_ac04_pause_ends_and_a_right_try_clears_it(home, holder, browser, clock):
    try_often(browser, home, holder.email, 5)
    clock.advance(minutes=16)
    assert go_through(browser, home, holder).at == f"{home.path}/console/"
    assert try_often(browser, home, holder.email, 5).status == 403


def test_ac04_network_address_is_paused_too(home, holder, browser):
    for number in range(20):
        browser.open(f"{home.path}/door/{SECRET}").submit(email=f"n{number}@x.example", password="x", code="1")
    browser.open(f"{home.path}/door/{SECRET}").submit(email=holder.email, password="x", code="1")
    assert browser.status == 429
    browser.address = "192.0.2.55"
    assert go_through(browser, home, holder).at == f"{home.path}/console/"


def test_ac04_rotated_door_begins_anew(home, holder, browser):
    """Somebody who has the address can pause its holders; a new address ends that."""
    try_often(browser, home, holder.email, 6)
    assert browser.status == 429
    with home.db.writing() as db:
        secret = rotate_door(db, home.now)
    steps.notice(home)
    assert go_through(browser, home, holder, secret).at == f"{home.path}/console/"


def test_ac04_every_use_is_in_the_audit_log(home, holder, browser):
    browser.open(f"{home.path}/door/{SECRET}").submit(email=holder.email, password="wrong", code="000000")
    go_through(browser, home, holder)
    (refused,), (entered,) = steps.events(home, Event.DOOR_REFUSED), steps.events(home, Event.DOOR_ENTERED)
    assert (refused.cause, refused.account_id, refused.address) == ("credentials_invalid", holder.id, "127.0.0.1")
    assert refused.detail == {"detail": "wrong password", "email": holder.email}
    assert (entered.cause, entered.account_id) == (None, holder.id)
    assert holder.password not in str([one.detail for one in steps.events(home)])


# AC-05


def test_ac05_address_stands_in_no_page_header_or_row(home, holder, browser, app):
    """Pages of the door and after it, any error, what crawlers ask for: the address stands in none of them."""
    seen = [browser.open(f"{home.path}/door/{SECRET}").response]
    seen.append(browser.submit(email=holder.email, password="wrong", code="000000").response)
    seen.append(go_through(browser, home, holder).response)
    for path in ("/", "/console/", "/robots.txt", "/sitemap.xml", "/nowhere", "/sign-in/again", "/.well-known/security.txt"):
        seen.append(browser.open(f"{home.path}{path}").response)
    for answer in seen:
        assert SECRET not in everything(answer)
        assert f"{home.path}/door" not in everything(answer)
        assert answer.headers["Referrer-Policy"] == "no-referrer"
    with home.db.reading() as db:
        for model in (Backdoor, DoorCredential, LoginTransaction, BrowserSession, AuditEvent):
            for row in db.scalars(select(model)):
                assert SECRET not in str([getattr(row, column.key) for column in inspect(model).columns])
    for path in ("/robots.txt", "/sitemap.xml"):
        assert SECRET not in everything(app.test_client().get(path, base_url=ORIGIN))


def test_ac05_address_stands_in_no_log(home, holder, browser, capfd):
    configure_logs("debug")
    go_through(browser, home, holder)
    browser.forget_cookies()
    go_through(browser, home, holder, password="wrong")
    browser.post(f"{home.path}/door/{SECRET}")
    browser.open(f"{home.path}/door/{SECRET}x")
    shown = "".join(capfd.readouterr())
    assert '"event": "refused"' in shown
    assert SECRET not in shown


def test_ac05_page_of_the_door_is_for_no_index(home, browser):
    browser.open(f"{home.path}/door/{SECRET}")
    assert browser.response.headers["X-Robots-Tag"] == "noindex, nofollow"
    assert browser.response.headers["Cache-Control"] == "no-store"


def test_ac05_foreign_form_shows_nothing_of_the_door(home, browser):
    browser.post(f"{home.path}/door/{SECRET}", {"email": "x"}, origin="https://evil.example")
    assert browser.status == 403
    assert SECRET not in browser.text


# AC-10

GREEDY = {
    "role": "owner",
    "tenant_id": "ten_other",
    "account_id": "acc_other",
    "id": "acc_other",
    "is_operator": "true",
    "is_local_enabled": "true",
    "is_email_verified": "true",
    "email_verified": "true",
    "organization_id": "org_other",
    "state": "active",
    "groups": "admins",
    "method": "local",
    "purpose": "sign_in",
    "proofs": '[{"method":"otp"}]',
    "expires_at": "2099-01-01",
    "invitation_id": "inv_other",
    "return_to": "/console/",
}
KEPT = ("role", "state", "is_local_enabled", "is_email_verified", "organization_id", "email", "expires_at")


def post_greedily(browser, home, values, **more):
    """The form of the page with fields that no page offers, in form and address."""
    form = next(one for one in browser.page.forms if set(values) <= set(one.fields))
    data = {name: one.value for name, one in form.fields.items() if one.value is not None}
    target = urlsplit(form.action or browser.url).path
    return browser.post(target, GREEDY | more | data | values)


def facts(home, account_id):
    with home.db.reading() as db:
        row = db.get_one(Account, (home.id, account_id))
        return {name: getattr(row, name) for name in KEPT}


def test_ac10_sign_in_forms_take_no_column(home, browser):
    ada = factories.account(home)
    before = facts(home, ada.id)
    browser.open(f"{home.path}/sign-in")
    post_greedily(browser, home, {"email": ada.email})
    post_greedily(browser, home, {"password": ada.password})
    assert browser.path == f"{home.path}/sign-in/totp"  # the claimed proof is none
    post_greedily(browser, home, {"code": steps.fresh_code(home, ada)})
    assert browser.at == f"{home.path}/"
    assert facts(home, ada.id) == before
    assert browser.open(f"{home.path}/console/").status == 403


def test_ac10_change_of_a_leaked_password_takes_no_column(broker, browser):
    home = factories.tenant(broker, on_breach="change")
    ada = factories.account(home, with_password=False, is_local_enabled=True)
    other = factories.account(home)
    factories.credential(home, ada.id, secret_hash=home.broker.hasher.hash("password1"))
    before = facts(home, ada.id), facts(home, other.id)
    steps.sign_in(browser, home, replace(ada, password="password1"))
    chosen = {"new_password": steps.CHOSEN, "repeat_password": steps.CHOSEN}
    post_greedily(browser, home, chosen, account_id=other.id, old_hash="x", credential_id="y")
    assert browser.at == f"{home.path}/"
    assert (facts(home, ada.id), facts(home, other.id)) == before
    assert steps.sign_in(browser, home, replace(ada, password=steps.CHOSEN)).path == f"{home.path}/"


def test_ac10_forms_of_the_second_factor_take_no_column(broker, browser):
    home = factories.tenant(broker, email_factor=True, trusted_device_days=30)
    ada, other = factories.account(home), factories.account(home)
    device, codes = device_of(home, ada), codes_of(home, ada)
    before = facts(home, ada.id), facts(home, other.id)
    at_factor(browser, home, ada, "recovery-code")
    post_greedily(browser, home, {"code": codes[0]}, trust="1")
    at_factor(browser, home, ada, "passkey")
    post_greedily(browser, home, {"answer": device.get(options_on(browser))}, user_handle=other.id)
    assert browser.at == f"{home.path}/"
    at_factor(browser, home, ada, "totp")
    hidden = {name: browser.page.forms[0].fields[name].value for name in ("csrf_token", "tx")}
    assert browser.post(f"{home.path}/sign-in/email-code", GREEDY | hidden | {"code": "000000"}).status == 403
    assert (facts(home, ada.id), facts(home, other.id)) == before
    with home.db.reading() as db:
        assert {one.account_id for one in db.scalars(select(BrowserSession))} == {ada.id}


def at_factor(browser, home, who, page):
    browser.open(f"{home.path}/sign-in/again").submit(email=who.email).submit(password=who.password)
    browser.open(f"{home.path}/sign-in/{page}?tx={steps.tx_of(browser)}")


def test_ac10_activation_forms_take_no_column(home, browser):
    ada = factories.account(home, state="invited", with_password=False, is_local_enabled=True)
    before = facts(home, ada.id)
    factories.invitation(home, "a-token-of-ada", ada.id)
    browser.open(f"{home.path}/activate/a-token-of-ada")
    post_greedily(browser, home, {})
    post_greedily(browser, home, {"new_password": steps.CHOSEN, "repeat_password": steps.CHOSEN})
    made = Someone(ada.id, ada.email, steps.CHOSEN, steps.seed_on(browser))
    post_greedily(browser, home, {"code": made.code(home.now)})
    assert browser.follow("I have saved them").path == f"{home.path}/activate/done"
    assert facts(home, ada.id) == before | {"state": "active"}


def test_ac10_forms_of_the_door_take_no_column(home, holder, browser):
    before = facts(home, holder.id)
    browser.open(f"{home.path}/door/{SECRET}")
    values = {"email": holder.email, "password": holder.password, "code": steps.fresh_code(home, holder)}
    post_greedily(browser, home, values)
    assert browser.at == f"{home.path}/console/"
    assert facts(home, holder.id) == before
    with home.db.reading() as db:
        session = db.scalars(select(BrowserSession)).one()
    assert (session.method, session.account_id) == ("door", holder.id)


def test_ac10_set_up_of_the_door_takes_no_column(home, browser):
    ada = factories.account(home, role="admin")
    other = door_holder(home)
    with home.db.reading() as db:
        theirs = db.scalars(select(DoorCredential.password_hash)).one()
    door_credential(home, ada.id, link_hash=digest("a-link-of-ada"), link_expires_at=home.now + timedelta(days=1))
    browser.open(f"{home.path}/activate/door/a-link-of-ada")
    post_greedily(browser, home, {})
    post_greedily(browser, home, {"new_password": steps.CHOSEN, "repeat_password": steps.CHOSEN}, email=other.email)
    made = Someone(ada.id, ada.email, steps.CHOSEN, steps.seed_on(browser))
    post_greedily(browser, home, {"code": made.code(home.now)})
    assert browser.path == f"{home.path}/activate/door/done"
    assert facts(home, ada.id)["role"] == "admin"
    with home.db.reading() as db:
        kept = {one.account_id: one.password_hash for one in db.scalars(select(DoorCredential))}
    assert kept[other.id] == theirs


@pytest.mark.parametrize("flow", FLOWS)
def test_ac10_forms_of_first_login_and_reset_take_no_column(post, flow):
    home = factories.tenant(post.broker)
    ada = factories.account(home, state="invited", with_password=False, with_totp=False, is_local_enabled=True)
    other = factories.account(home)
    before, browser = facts(home, ada.id), post.browser()
    browser.open(f"{home.path}/{flow}")
    post_greedily(browser, home, {"email": ada.email})
    post_greedily(browser, home, {"code": newest_code(post, ada.email)}, email=other.email)
    post_greedily(browser, home, {"new_password": steps.CHOSEN, "repeat_password": steps.CHOSEN}, email=other.email)
    post_greedily(browser, home, {"code": app_code(browser, home)}, email=other.email)
    expected = {"state": "active", "is_email_verified": True}  # the code came back
    assert facts(home, ada.id) == before | expected
    with home.db.reading() as db:
        assert {one.account_id for one in db.scalars(select(BrowserSession))} <= {ada.id}


@ON_SQLITE
def test_ac10_forms_of_the_console_make_nobody_more(app, broker):
    """Every POST of the console, by an admin, with columns that it does not ask for."""
    home = factories.tenant(broker)
    factories.account(home, role="owner")
    client, plain = signed_in(app, home, "admin"), factories.account(home)
    before = {row.id: (row.role, row.is_email_verified) for row in stored(home, Account)}
    for place in console_places(app, home):
        if place.method == "POST":
            form = GREEDY | {"csrf_token": csrf_token(client, home, place.path)}
            assert client.post(f"{home.path}{place.path}", base_url=ORIGIN, data=form).status_code < 500, place
    after = {row.id: (row.role, row.is_email_verified) for row in stored(home, Account) if row.id in before}
    assert [key for key in after if after[key][0] == "owner"] == [key for key in before if before[key][0] == "owner"]
    assert after[plain.id] == before[plain.id]


def test_ac10_every_form_of_the_product_is_tried_above(app):
    """A new form fails here until it is."""
    posts = {rule.endpoint for rule in app.url_map.iter_rules() if "POST" in rule.methods and rule.subdomain == "tenant"}
    tried = {
        "signin.choose_way", "signin.check_password", "signin.check_totp", "signin.open_invitation", "signin.keep_password",
        "signin.keep_renewed_password", "signin.check_recovery_code", "signin.check_passkey", "signin.check_email_code",
        "signin.prove_app", "signin.enter_by_door", "signin.open_door_link", "signin.keep_door_password",
        "signin.prove_door_app",
        "signin.first_login_ask", "signin.first_login_check_code", "signin.first_login_keep_password",
        "signin.first_login_prove_app",
        "signin.reset_ask", "signin.reset_check_code", "signin.reset_keep_password", "signin.reset_prove_app",
    }  # fmt: skip
    # Buttons and protocol endpoints, which fill no row of an account: tests of OD, OU, SU and SE.
    others = {
        "support.enter", "support.leave",
        "signin.choose_other_way", "home.sign_out", "signin.callback", "oidc.authorize", "oidc.logout", "oidc.confirmed",
        "oidc.consented", "set_up.save", "language.tenants_chosen",
        "signin.take_saml_response", "signin.take_saml_logout", "signin.take_logout_token",
        "signin.begin_consent", "signin.begin_own_consent", "signin.confirm_consent", "signin.start_connection_test",
        "signin.choose_proof", "signin.link_subject", "help.explain_microsoft", "help.explain_google",
    }  # fmt: skip
    # A person's own pages: AC-13 (test_sf_own_page.py) tries every one of them; the console's are tried together above.
    own = {endpoint for endpoint in posts if endpoint.startswith(("account.", "console.", "back_channel.", "saml_idp."))}
    assert sorted(posts - others - own - tried) == []
    assert tried <= posts
