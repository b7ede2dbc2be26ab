"""Known and trusted devices: nobody is locked out by somebody else's tries (LC-03), and trust ends when it has to."""

from urllib.parse import urlencode

import pytest
from sqlalchemy import select

from tenants.audit import Event
from tenants.devices import FORGET_DEVICES, Device
from tenants.outbox import OutboxMail
from tenants.own import END_TRUST
from tenants.tenants import TenantSettings
from tenants.throttles import DEVICE_PASSWORD_LIMIT, DEVICE_TOTP_LIMIT, PASSWORD_LIMIT, TOTP_LIMIT
from tests import factories
from tests.support import steps
from tests.support.passkeys import at_passkey, device_of, options_on, show

WRONG = "not it at all"
TRUST = "Don’t ask for a code on this device for 30 days"


@pytest.fixture
def home(broker):
    return factories.tenant(broker)


@pytest.fixture
def trusting(broker):
    return factories.tenant(broker, trusted_device_days=30)


@pytest.fixture
def ada(home):
    return factories.account(home)


def at_password(browser, home, who):
    return browser.open(f"{home.path}/sign-in/again").submit(email=who.email)


def at_code(browser, home, who):
    return at_password(browser, home, who).submit(password=who.password)


def wrong_code(home, who):
    good = {who.code(home.now)}
    return next(code for code in ("000000", "111111") if code not in good)


def devices(home):
    with home.db.reading() as db:
        return db.scalars(select(Device).order_by(Device.created_at)).all()


# LC-03


def test_lc03_owner_signs_in_on_a_known_device_while_somebody_burns_the_tries(home, ada, browser, new_browser):
    steps.sign_in(browser, home, ada)
    for _ in range(PASSWORD_LIMIT.free):
        at_password(new_browser(), home, ada).submit(password=WRONG)
    assert at_password(new_browser(), home, ada).submit(password=ada.password).status == 429
    assert steps.sign_in(browser, home, ada, at="/sign-in/again").at == f"{home.path}/"


def test_lc03_the_same_with_codes(home, ada, browser, new_browser):
    steps.sign_in(browser, home, ada)
    for _ in range(TOTP_LIMIT.free):
        at_code(new_browser(), home, ada).submit(code=wrong_code(home, ada))
    assert at_code(new_browser(), home, ada).submit(code=steps.fresh_code(home, ada)).status in {429, 200}
    for _ in range(TOTP_LIMIT.free + 3):
        at_code(new_browser(), home, ada).submit(code=wrong_code(home, ada))
    assert steps.sign_in(browser, home, ada, at="/sign-in/again").at == f"{home.path}/"


def test_lc03_a_known_device_has_a_limit_too(home, ada, browser):
    steps.sign_in(browser, home, ada)
    for _ in range(DEVICE_PASSWORD_LIMIT.free):
        assert at_password(browser, home, ada).submit(password=WRONG).status == 403
    assert at_password(browser, home, ada).submit(password=ada.password).status == 429


def test_lc03_limits_together_are_within_what_was_promised():
    """NIST SP 800-63B-4, 3.2.2: at most 100 in a row; SF-02 for codes stands in test_sf_recovery.py."""
    assert PASSWORD_LIMIT.cap + DEVICE_PASSWORD_LIMIT.cap <= 100
    assert DEVICE_TOTP_LIMIT.free < DEVICE_TOTP_LIMIT.cap


def test_lc03_device_of_one_account_gives_no_tries_for_another(home, ada, browser):
    eve = factories.account(home)
    steps.sign_in(browser, home, eve)
    for _ in range(PASSWORD_LIMIT.free):
        at_password(browser, home, ada).submit(password=WRONG)
    assert at_password(browser, home, ada).submit(password=WRONG).status == 429


def test_lc03_cookie_that_was_made_up_or_planted_knows_nobody(home, ada, browser, new_browser):
    eve = factories.account(home)
    thief = new_browser()
    steps.sign_in(thief, home, eve)
    planted = next(one for one in thief.client._cookies.values() if one.key == f"{home.slug}-dev")
    browser.client.set_cookie(planted.key, planted.value, path=home.path, domain="localhost")
    steps.sign_in(browser, home, ada)
    own = browser.cookie("-dev").split(".")
    assert planted.value not in own[:1]
    for _ in range(PASSWORD_LIMIT.free):
        at_password(thief, home, ada).submit(password=WRONG)
    assert at_password(thief, home, ada).submit(password=WRONG).status == 429


def test_lc03_several_people_of_one_browser_are_known_there(home, ada, browser):
    bob = factories.account(home)
    for who in (ada, bob, ada, bob):
        steps.sign_in(browser, home, who, at="/sign-in/again")
    assert sorted(device.account_id for device in devices(home)) == sorted((ada.id, bob.id))


def test_lc04_a_known_device_asks_the_same_for_every_address(home, ada, browser, count_statements):
    steps.sign_in(browser, home, ada)
    seen = []
    for email in (ada.email, factories.account(home).email, f"nobody@{home.domain}"):
        browser.open(f"{home.path}/sign-in/again").submit(email=email)
        with count_statements() as counted:
            browser.submit(password=WRONG)
        seen.append([statement for statement in counted.statements if "throttles" not in statement])
    assert seen[0] == seen[1] == seen[2]


def test_cookie_of_the_device_is_out_of_reach_of_scripts_and_kept_as_a_hash(home, ada, browser):
    steps.sign_in(browser, home, ada)
    kept = next(one for one in browser.client._cookies.values() if one.key.endswith("-dev"))
    assert (kept.http_only, kept.same_site, kept.max_age) == (True, "Lax", 90 * 86400)
    assert all(kept.value not in repr(vars(device)) for device in devices(home))


def new_device_mails(home, who):
    with home.db.reading() as db:
        found = db.scalars(select(OutboxMail).where(OutboxMail.to_address == who.email, OutboxMail.message == "new_device"))
        return len(found.all())


def test_sign_in_on_a_device_after_the_first_one_is_mailed(home, browser, new_browser):
    """From the very first one on, which is the second to know the account: the set-up was on another."""
    invited = factories.account(home, state="invited", with_password=False, with_totp=False, is_local_enabled=True)
    factories.invitation(home, "a-token", invited.id)
    ada = steps.set_up(browser, home, "a-token", invited.email)
    steps.prove_app(browser, ada.code(home.now))
    assert new_device_mails(home, ada) == 0
    steps.sign_in(browser, home, ada, at="/sign-in/again")
    assert new_device_mails(home, ada) == 0
    steps.sign_in(new_browser(), home, ada)
    assert new_device_mails(home, ada) == 1


# Trusted devices


def trust(browser, home, who):
    at_code(browser, home, who).submit(code=steps.fresh_code(home, who), trust="1")
    assert browser.at == f"{home.path}/", browser
    return browser


def test_box_is_there_only_where_policy_says_so(home, trusting, browser):
    assert TRUST not in at_code(browser, home, factories.account(home)).words
    assert TRUST in at_code(browser, trusting, factories.account(trusting)).words


def test_trusted_device_is_not_asked_for_the_code_until_the_time_is_over(trusting, browser):
    ada = factories.account(trusting)
    trust(browser, trusting, ada)
    trusting.broker.ports.clock.advance(seconds=1)
    assert at_code(browser, trusting, ada).at == f"{trusting.path}/"
    assert steps.events(trusting, Event.LOGIN_SUCCEEDED)[-1].detail["proofs"] == "pwd dev"
    assert "Signed in with Password, Trusted device" in browser.words
    trusting.broker.ports.clock.advance(days=30, seconds=1)
    assert at_code(browser, trusting, ada).path == f"{trusting.path}/sign-in/totp"


def test_device_is_trusted_only_if_the_person_says_so_and_for_that_person_only(trusting, browser):
    ada, bob = factories.account(trusting), factories.account(trusting)
    steps.sign_in(browser, trusting, ada)
    assert at_code(browser, trusting, ada).path == f"{trusting.path}/sign-in/totp"
    trust(browser, trusting, ada)
    assert at_code(browser, trusting, bob).path == f"{trusting.path}/sign-in/totp"


def test_passkey_as_second_factor_trusts_a_device_too(trusting, browser):
    ada = factories.account(trusting, with_totp=False)
    device = device_of(trusting, ada)
    at_code(browser, trusting, ada)
    assert TRUST in browser.words
    show(browser, device.get(options_on(browser)), trust="1")
    assert at_code(browser, trusting, ada).at == f"{trusting.path}/"


def test_box_that_no_page_offered_trusts_nothing(home, ada, browser):
    at_code(browser, home, ada)
    form = {name: one.value for name, one in browser.page.forms[0].fields.items() if one.value}
    browser.post(browser.url, form | {"code": steps.fresh_code(home, ada), "trust": "1"})
    assert browser.at == f"{home.path}/"
    assert [device.trusted_until for device in devices(home)] == [None]


def test_policy_that_was_shortened_or_switched_off_ends_trust(trusting, browser):
    ada = factories.account(trusting)
    trust(browser, trusting, ada)
    for days, path in ((7, "/sign-in/totp"), (0, "/sign-in/totp"), (30, "/")):
        set_policy(trusting, trusted_device_days=days)
        assert at_code(browser, trusting, ada).path == f"{trusting.path}{path}"


def set_policy(home, **values):
    home.change(TenantSettings, "settings", policy={"local_enabled": True} | values)
    steps.notice(home)


@pytest.mark.parametrize("statement", [END_TRUST, FORGET_DEVICES], ids=["change of factors", "new password"])
def test_trust_that_was_taken_back_is_gone(trusting, browser, statement):
    ada = factories.account(trusting)
    trust(browser, trusting, ada)
    with trusting.db.writing() as db:
        db.run(statement, account=ada.id)
    assert at_code(browser, trusting, ada).path == f"{trusting.path}/sign-in/totp"


@pytest.mark.parametrize("asked", [{"prompt": "login"}, {"max_age": "0"}], ids=["prompt", "max_age"])
def test_application_that_wants_the_person_to_be_asked_gets_the_code_asked(trusting, browser, asked):
    ada = factories.account(trusting)
    trust(browser, trusting, ada)
    browser.open(authorize_url(trusting, asked))
    browser.submit(email=ada.email).submit(password=ada.password)
    assert browser.path == f"{trusting.path}/sign-in/totp"


def authorize_url(home, asked):
    app = factories.application(home)
    said = {"client_id": app.client_id, "redirect_uri": app.redirect_uris[0], "code_challenge": "x" * 43}
    fixed = {"response_type": "code", "scope": "openid", "code_challenge_method": "S256"}
    return f"{home.path}/oidc/authorize?{urlencode(said | fixed | asked)}"


def test_trusted_device_says_nothing_to_a_whole_sign_in_by_passkey(trusting, browser):
    ada = factories.account(trusting)
    device = device_of(trusting, ada)
    at_passkey(browser, trusting)
    assert TRUST not in browser.words
    show(browser, device.get(options_on(browser)), trust="1")
    assert [one.trusted_until for one in devices(trusting)] == [None]
