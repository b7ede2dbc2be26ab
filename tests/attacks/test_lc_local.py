"""Attacks on local sign-in (security.md, LC). Where the way is closed: test_lc_closed_ways.py."""

import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from sqlalchemy import select

from broker.hashing import Hasher
from tenants.audit import Event
from tenants.credentials import Credential
from tenants.ids import digest
from tenants.passwords import normalise_password
from tenants.tenants import TenantSettings
from tenants.throttles import ADDRESS_LIMIT, PASSWORD_LIMIT, TENANT_LIMIT, Throttle, counter_key, take_try
from tests import factories
from tests.factories import Someone
from tests.support import steps
from tests.support.rows import door_credential


@pytest.fixture
def home(broker):
    return factories.tenant(broker)


@pytest.fixture
def ada(home):
    return factories.account(home)


def at_password(browser, home, email):
    browser.open(f"{home.path}/sign-in").submit(email=email)
    assert browser.path == f"{home.path}/sign-in/password", browser
    return browser


WRONG = "not it at all"


def guess(browser, home, email, password=WRONG):
    """One try in an attempt of its own."""
    return at_password(browser, home, email).submit(password=password)


def test_lc01_after_the_free_tries_the_right_password_is_refused_and_nothing_is_said_about_it(home, ada, browser):
    for _ in range(PASSWORD_LIMIT.free):
        assert guess(browser, home, ada.email).status == 403
    guess(browser, home, ada.email)
    wrong = (browser.status, browser.words.partition("Reference")[0])
    guess(browser, home, ada.email, ada.password)
    assert (browser.status, browser.words.partition("Reference")[0]) == wrong
    assert browser.status == 429
    assert "Signing in is paused until" in browser.words
    assert steps.event_of(browser, home).event == Event.THROTTLED
    home.broker.ports.clock.advance(seconds=2)
    assert guess(browser, home, ada.email, ada.password).path == f"{home.path}/sign-in/totp"


def test_lc01_of_many_wrong_tries_a_hundred_a_day_are_judged(home):
    """With every pause waited for; what a page costs is none of this."""
    judged, key, then = 0, counter_key("password", "somebody"), home.now
    for _ in range(200):
        with home.db.writing() as db:
            until = take_try(db, key, PASSWORD_LIMIT, then)
        judged += until is None
        then = until or then
        if then >= home.now + PASSWORD_LIMIT.window:
            break
    assert 50 < judged <= PASSWORD_LIMIT.cap


def test_lc01_one_account_has_one_counter_however_its_address_is_written(home, ada, browser):
    for number in range(PASSWORD_LIMIT.free):
        local, _, domain = ada.email.partition("@")
        assert guess(browser, home, f"{local[:number]}{local[number:].upper()}@{domain}").status == 403
    assert guess(browser, home, ada.email.upper()).status == 429


def test_lc01_wrong_passwords_at_once_do_not_slip_past_the_limit(home, ada, new_browser):
    """Also the very first ones, when there is no counter to lock yet, and from many places."""
    browsers = [at_password(new_browser(), home, ada.email) for _ in range(20)]
    for number, one in enumerate(browsers):
        one.address = f"192.0.2.{number}"
    steps.at_once([lambda one=one: one.submit(password="not it at all") for one in browsers])
    assert sorted(one.status for one in browsers).count(403) == PASSWORD_LIMIT.free
    assert len(steps.events(home, Event.LOGIN_REFUSED)) == PASSWORD_LIMIT.free


def test_lc01_success_and_failure_at_once_do_not_wait_for_each_other(home, new_browser):
    people = [factories.account(home) for _ in range(2)]
    browsers = [(at_password(new_browser(), home, one.email), one) for one in people for _ in range(4)]
    steps.at_once(
        [
            lambda one=one, who=who, odd=number % 2: one.submit(password="not it" if odd else who.password)
            for number, (one, who) in enumerate(browsers)
        ]
    )
    assert {one.status for one, _ in browsers} == {200, 403}


def test_lc01_one_network_address_has_a_limit_over_all_accounts(home, browser):
    browser.address = "192.0.2.7"
    with home.db.writing() as db:
        now = home.now
        key, end = counter_key("address", browser.address), now + ADDRESS_LIMIT.window
        db.add(Throttle(id=key, tries=ADDRESS_LIMIT.cap, last_try_at=now, window_ends_at=end))
    assert guess(browser, home, f"somebody@{home.domain}").status == 429
    browser.address = "192.0.2.8"
    assert guess(browser, home, f"somebody@{home.domain}").status == 403


# LC-04: no oracle


def people(home) -> dict[str, str]:
    """One address of each sort, all of one shape."""
    traits = {
        "known": {},
        "no password": {"with_password": False, "with_totp": False},
        "disabled": {"state": "disabled"},
        "no right": {"is_local_enabled": False},
        "invited": {"state": "invited", "with_totp": False},
    }
    addresses = {who: f"x{number}@{home.domain}" for number, who in enumerate(traits)}
    for who, values in traits.items():
        factories.account(home, addresses[who], **values)
    return addresses | {"unknown": f"x9@{home.domain}"}


@pytest.fixture
def hashes(monkeypatch):
    """How often a password was hashed or checked."""
    calls: list[str] = []
    really = Hasher._queued

    def counting(self, work, *rest):
        calls.append(work.__name__)
        return really(self, work, *rest)

    monkeypatch.setattr(Hasher, "_queued", counting)
    return calls


def without_what_differs(text: str, email: str) -> str:
    """The page less its tokens, and less the address that was typed."""
    return re.sub(r'(name="(csrf_token|tx)" value="|tx=|tx%3D)[^"&]*', "", text.replace(email, ""))


def test_lc04_wrong_password_costs_and_answers_the_same_for_everybody(home, new_browser, count_statements, hashes):
    seen, everybody = {}, people(home)
    guess(new_browser(), home, f"first@{home.domain}")  # reads the configuration, opens the counter of the network address
    for who, email in everybody.items():
        browser = new_browser()
        with count_statements() as address_step:
            at_password(browser, home, email)
        hashes.clear()
        with count_statements() as password_step:
            browser.submit(password="not it at all")
        seen[who] = (
            browser.status,
            address_step.statements,
            password_step.statements,
            password_step.commits,
            list(hashes),
            without_what_differs(browser.text, email),
            sorted(name for name, _ in browser.response.headers),
        )
    assert seen["known"][4] == ["_verify"]
    for who, one in seen.items():
        assert one == seen["known"], who


def test_lc04_right_password_alone_is_told_what_is_wrong(home, browser):
    ada = factories.account(home, state="disabled")
    guess(browser, home, ada.email)
    assert "switched off" not in browser.words
    guess(browser, home, ada.email, ada.password)
    assert "Your account is switched off" in browser.words


# LC-05: long and odd passwords


@pytest.mark.parametrize(
    "password",
    ["x" * 1025, "é" * 513, "x" * 200_000, "ﬃ" * 400],
    ids=["over the cap", "over it in bytes", "far over it", "over it when normalised"],
)
def test_lc05_what_cannot_be_a_password_is_refused_before_it_costs_a_hash(home, ada, browser, hashes, password):
    at_password(browser, home, ada.email)
    hashes.clear()
    assert browser.submit(password=password).status == 400
    assert hashes == []
    assert "The e-mail address or the password is not right." in browser.words


def test_lc05_body_of_ten_megabytes_is_too_large(home, ada, browser):
    guess(browser, home, ada.email, "x" * 10_000_000)
    assert browser.status == 413


@pytest.mark.both_databases
@pytest.mark.parametrize(
    ("chosen", "typed"),
    [
        ("x" * 64, "x" * 64),
        ("y" * 128, "y" * 128),
        ("caf\u00e9 noir", "cafe\u0301 noir"),
        ("a\0b", "a\0b"),
        ("🦦 otter", "🦦 otter"),
    ],
    ids=["64 characters", "128 characters", "composed and not", "NUL", "emoji"],
)
def test_lc05_long_and_odd_passwords_work_whole(home, browser, chosen, typed):
    ada = with_password(home, chosen)
    assert guess(browser, home, ada.email, typed).path == f"{home.path}/sign-in/totp"


@pytest.mark.both_databases
@pytest.mark.parametrize(("chosen", "typed"), [("x" * 128, "x" * 127), ("a\0b", "a"), ("Abcdefgh", "abcdefgh")])
def test_lc05_no_password_is_cut_or_folded(home, browser, chosen, typed):
    assert guess(browser, home, with_password(home, chosen).email, typed).status == 403


def with_password(home, password):
    ada = factories.account(home, with_password=False, is_local_enabled=True)
    factories.credential(home, ada.id, secret_hash=home.broker.hasher.hash(normalise_password(password)))
    return ada


# Wherever a password is chosen


def at_invitation(browser, home):
    owner = factories.account(home, f"lovelace@{home.domain}", state="invited", with_password=False, is_local_enabled=True)
    factories.invitation(home, f"token-{home.slug}", owner.id)
    return browser.open(f"{home.path}/activate/token-{home.slug}").submit(press="Start")


def at_door(browser, home):
    owner = factories.account(home, f"lovelace@{home.domain}", role="admin")
    end = home.now + timedelta(days=1)
    door_credential(home, owner.id, link_hash=digest(f"link-{home.slug}"), link_expires_at=end)
    return browser.open(f"{home.path}/activate/door/link-{home.slug}").submit(press="Start")


def at_own_page(browser, home):
    owner = factories.account(home, f"lovelace@{home.domain}")
    steps.sign_in(browser, home, owner)
    return browser.open(f"{home.path}/account/password")


def at_leaked_one(browser, home):
    home.change(TenantSettings, "settings", policy={"local_enabled": True, "on_breach": "change"})
    steps.notice(home)
    owner = factories.account(home, f"lovelace@{home.domain}", with_password=False, is_local_enabled=True)
    factories.credential(home, owner.id, secret_hash=home.broker.hasher.hash("password1"))
    return steps.sign_in(browser, home, replace(owner, password="password1"))


CHOOSING = pytest.mark.parametrize(
    "place", [at_invitation, at_door, at_own_page, at_leaked_one], ids=lambda place: place.__name__
)


def choose(browser, password):
    known = {"password": factories.PASSWORD} if "/account/" in browser.path else {}
    return browser.submit(new_password=password, repeat_password=password, **known)


@CHOOSING
def test_lc06_leaked_common_or_personal_password_is_refused_with_its_reason(home, browser, place):
    place(browser, home)
    for password, reason in [
        ("Password1!", "Not one of the passwords that many people use"),
        ("Jamestkirk7769h", "Not one of the passwords that many people use"),
        ("wxyzwxyzwxyz", "Hard to guess"),
        (f"9k-{home.slug}-?Z", "Without your name"),
        ("9k-Lovelace-?Z", "Without your name"),
    ]:
        choose(browser, password)
        assert browser.status == 400, password
        assert reason in browser.text.partition('id="new_password-error"')[2].partition("</p>")[0], password
    assert choose(browser, steps.CHOSEN).status == 200
    assert "new_password" not in browser.text


@CHOOSING
def test_lc05_what_cannot_be_a_password_is_not_chosen_and_costs_no_hash(home, browser, place, hashes):
    place(browser, home)
    hashes.clear()
    for password in ("x" * 1025, "ﬃ" * 400):
        assert choose(browser, password).status == 400
        assert "it is too long, or not text" in browser.words
    assert hashes == []


def test_lc05_password_chosen_in_one_spelling_is_proven_in_another(home, browser, new_browser):
    at_invitation(browser, home)
    choose(browser, "Gru\u0308ne-Otter_42")
    who = Someone("", f"lovelace@{home.domain}", "Gr\u00fcne-Otter_42", steps.seed_on(browser))
    browser.submit(code=who.code(home.now))
    assert steps.sign_in(new_browser(), home, who).path == f"{home.path}/"


# LC-02: a few passwords for many accounts, from many places


def sprayed(home, wrong):
    """So many wrong passwords were tried in the tenant lately."""
    end = home.now + TENANT_LIMIT.window
    with home.db.writing() as db:
        db.add(Throttle(id="password:tenant", tries=wrong, last_try_at=home.now, window_ends_at=end))


def test_lc02_spraying_over_accounts_is_slowed_down_and_audited(home, new_browser):
    people = [factories.account(home) for _ in range(3)]
    sprayed(home, TENANT_LIMIT.free - 2)
    answers = []
    for number, who in enumerate(people):
        browser = new_browser()
        browser.address = f"198.18.0.{number}"
        answers.append(guess(browser, home, who.email, "Summer2026").status)
    assert answers == [403, 403, 429]
    assert [event.address for event in steps.events(home, Event.SPRAYED)] == ["198.18.0.1"]
    home.broker.ports.clock.advance(seconds=TENANT_LIMIT.longest.total_seconds())
    assert guess(new_browser(), home, people[2].email, "Summer2026").status == 403


def test_lc02_known_device_gets_in_meanwhile(home, ada, browser, new_browser):
    steps.sign_in(browser, home, ada)
    sprayed(home, TENANT_LIMIT.free + 20)
    assert guess(new_browser(), home, ada.email, ada.password).status == 429
    assert guess(browser, home, ada.email, ada.password).path == f"{home.path}/sign-in/totp"


def test_lc02_right_passwords_count_for_nothing(home, ada, new_browser):
    sprayed(home, TENANT_LIMIT.free - 1)
    for _ in range(2):
        assert steps.sign_in(new_browser(), home, ada).path == f"{home.path}/"


# LC-12: hashes


def test_lc12_database_holds_argon2id_only(home, ada):
    with home.db.reading() as db:
        rows = db.scalars(select(Credential)).all()
    assert [row.secret_hash.split("$")[1] for row in rows if row.kind == "password"] == ["argon2id"]
    assert all(ada.password not in str(vars(row)) for row in rows)


def test_lc12_outdated_hash_is_renewed_at_sign_in(home, browser):
    ada = factories.account(home, with_password=False, is_local_enabled=True)
    weak = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(ada.password)
    row = factories.credential(home, ada.id, secret_hash=weak)
    assert guess(browser, home, ada.email).status == 403
    assert hash_of(home, row) == weak
    guess(browser, home, ada.email, ada.password)
    renewed = hash_of(home, row)
    cost = home.broker.ports.hash_cost
    assert f"m={cost.memory_kib},t={cost.passes},p=1" in renewed
    guess(browser, home, ada.email, ada.password)
    assert hash_of(home, row) == renewed


def hash_of(home, row):
    with home.db.reading() as db:
        return db.get_one(Credential, (home.id, row.id)).secret_hash


def test_lc12_no_other_algorithm_stands_in_the_code():
    code = "".join(path.read_text("utf-8") for path in Path("broker").rglob("*.py"))
    assert not re.search(r"\b(bcrypt|scrypt|pbkdf2|md5)\b", code, re.IGNORECASE)
