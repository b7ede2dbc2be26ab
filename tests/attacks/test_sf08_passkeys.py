"""Attacks on passkeys (security.md, SF-08), with a device in software that signs what it is told to."""

import json

import pytest
from sqlalchemy import select

from tenants.audit import Event
from tenants.passkeys import Passkey
from tenants.throttles import ADDRESS_LIMIT, THROTTLE_STATE, Throttle, counter_key
from tests import factories
from tests.peers.authenticator import ES256, RS256, Authenticator, encoded
from tests.support import steps
from tests.support.passkeys import add_passkey, at_passkey, device_of, options_on, show
from tests.support.stores import ON_SQLITE


@pytest.fixture
def home(broker):
    return factories.tenant(broker)


@pytest.fixture
def ada(home):
    return factories.account(home)


def at_second_step(browser, home, who):
    """Behind the password, at the passkey's page."""
    browser.open(f"{home.path}/sign-in/again").submit(email=who.email).submit(password=who.password)
    if not browser.path.endswith("/passkey"):
        browser.follow("Other ways to prove it is you").follow("Passkey")
    assert browser.path == f"{home.path}/sign-in/passkey", browser
    return browser


FIRST = pytest.param(lambda browser, home, who: at_passkey(browser, home), id="whole sign-in")
SECOND = pytest.param(at_second_step, id="second factor")
LIES = {
    "another rp id": {"rp_id": "evil.example"},
    "another origin": {"origin": "https://evil.example"},
    "another port of the host": {"origin": "http://localhost:9999"},
    "the origin with more behind it": {"origin": "http://localhost:8000.evil.example"},
    "a frame of another site": {"cross_origin": True},
    "an answer for making one": {"type": "webauthn.create"},
    "another challenge": {"challenge": encoded(b"x" * 32)},
    "no challenge": {"challenge": ""},
    "nobody verified": {"is_verified": False},
    "nobody present": {"is_present": False},
    "a user handle that is none": {"user_handle": b"acc_somebody"},
}


@ON_SQLITE
@pytest.mark.parametrize("come", [FIRST, SECOND])
@pytest.mark.parametrize("lie", LIES.values(), ids=LIES.keys())
def test_sf08_answer_that_is_not_for_this_very_sign_in_is_refused(home, ada, browser, come, lie):
    device = device_of(home, ada)
    come(browser, home, ada)
    show(browser, device.get(options_on(browser), **lie))
    assert browser.status == 403
    assert "This passkey didn’t work here." in browser.words
    assert not steps.is_signed_in(browser, home)


def test_lc01_one_network_address_has_a_limit_over_all_passkeys(home, ada, browser, new_browser):
    """Trying is bounded from anywhere, and who is right takes nothing from the others of an office."""
    device = device_of(home, ada)
    assert show(at_passkey(browser, home), device.get(options_on(browser))).at == f"{home.path}/"
    key, now = counter_key("address", "192.0.2.9"), home.now
    with home.db.writing() as db:
        assert db.one(THROTTLE_STATE, key=counter_key("address", browser.address)).tries == 0
        values = {"tries": ADDRESS_LIMIT.cap, "last_try_at": now, "window_ends_at": now + ADDRESS_LIMIT.window}
        db.add(Throttle(id=key, **values))
    late = new_browser()
    late.address = "192.0.2.9"
    show(at_passkey(late, home), device.get(options_on(late)))
    assert late.status == 429
    assert steps.event_of(late, home).cause == "rate_limited"


@pytest.mark.parametrize("come", [FIRST, SECOND])
def test_sf08_true_answer_signs_in(home, ada, browser, come):
    """What the refusals above are measured by."""
    device = device_of(home, ada)
    come(browser, home, ada)
    assert show(browser, device.get(options_on(browser))).at == f"{home.path}/"


@pytest.mark.parametrize("come", [FIRST, SECOND])
def test_sf08_signature_of_another_key_is_refused(home, ada, browser, come):
    device = device_of(home, ada)
    stranger = Authenticator(device.origin).make_key(ada.id)
    come(browser, home, ada)
    assert show(browser, device.get(options_on(browser), signed_by=stranger)).status == 403


def test_sf08_passkey_of_another_tenant_on_the_same_host_is_unknown(broker, home, ada, browser):
    """In path form all tenants share one relying party: the browser offers it, and it opens nothing here."""
    other = factories.tenant(broker)
    device = device_of(other, factories.account(other))
    at_passkey(browser, home)
    assert show(browser, device.get(options_on(browser))).status == 403
    assert steps.events(home, Event.LOGIN_REFUSED)[-1].detail["detail"] == "passkey: unknown here"
    assert not steps.is_signed_in(browser, home)


@pytest.mark.parametrize("handle", ["own", "victim's", "none"])
def test_sf08_passkey_of_somebody_else_is_no_second_factor(home, ada, browser, handle):
    eve = factories.account(home)
    device = device_of(home, eve)
    device_of(home, ada)
    at_second_step(browser, home, ada)
    user = {"own": eve.id, "victim's": ada.id, "none": ""}[handle]
    assert show(browser, device.get(options_on(browser), user_handle=user.encode())).status == 403
    assert not steps.is_signed_in(browser, home)


def test_sf08_whole_sign_in_needs_a_user_handle(home, ada, browser):
    device = device_of(home, ada)
    at_passkey(browser, home)
    assert show(browser, device.get(options_on(browser), user_handle=b"")).status == 403


def test_sf08_second_factor_without_a_user_handle_is_the_accounts_own(home, ada, browser):
    """Devices need not send one where they were told which keys will do (section 7.2, step 6)."""
    device = device_of(home, ada)
    at_second_step(browser, home, ada)
    assert show(browser, device.get(options_on(browser), user_handle=b"")).at == f"{home.path}/"


# The challenge


def test_sf08_answer_is_good_once(home, ada, browser, new_browser):
    device = device_of(home, ada, counts=False)
    at_passkey(browser, home)
    answer, page = device.get(options_on(browser)), (browser.url, steps.tx_of(browser), token_of(browser))
    assert show(browser, answer).at == f"{home.path}/"
    thief = new_browser()
    at_passkey(thief, home)
    assert show(thief, answer).status == 403
    url, tx, token = page
    assert browser.post(url, {"csrf_token": token, "tx": tx, "answer": answer}).status == 400


def token_of(browser):
    return browser.page.forms[0].fields["csrf_token"].value


def test_sf08_wrong_answer_ends_the_challenge_too(home, ada, browser):
    device = device_of(home, ada, counts=False)
    at_passkey(browser, home)
    options = options_on(browser)
    assert show(browser, device.get(options, is_verified=False)).status == 403
    assert show(browser, device.get(options)).status == 403
    assert show(browser, device.get(options_on(browser))).at == f"{home.path}/"


def test_sf08_challenge_of_another_attempt_is_refused(home, ada, browser, new_browser):
    device = device_of(home, ada)
    thief = at_passkey(new_browser(), home)
    at_passkey(browser, home)
    assert show(browser, device.get(options_on(thief))).status == 403


def test_sf08_of_answers_sent_at_once_one_opens_a_session(home, ada, browser, new_browser):
    """One browser, one challenge, a device that does not count: the challenge alone decides."""
    device = device_of(home, ada, counts=False)
    at_passkey(browser, home)
    answer, form = device.get(options_on(browser)), {"csrf_token": token_of(browser), "tx": steps.tx_of(browser)}
    others = [new_browser() for _ in range(8)]  # fewer than end an attempt
    for one in others:
        one.client._cookies.update(browser.client._cookies)
    steps.at_once([lambda one=one: one.post(browser.url, form | {"answer": answer}) for one in others])
    assert len(steps.events(home, Event.LOGIN_SUCCEEDED)) == 1


# The counter


@pytest.mark.parametrize("come", [FIRST, SECOND])
@pytest.mark.parametrize("count", [41, 42, 0], ids=["back", "the same", "none any more"])
def test_sf08_counter_that_does_not_go_up_is_refused_and_noted_as_a_copy(home, ada, browser, come, count):
    device = Authenticator("http://localhost:8000")
    key = add_passkey(home, ada, device, sign_count=42)
    come(browser, home, ada)
    show(browser, device.get(options_on(browser), count=count))
    assert browser.status == 403
    (event,) = steps.events(home, Event.PASSKEY_CLONE)
    assert (event.account_id, event.detail["counter"]) == (ada.id, str(count))
    assert len(refusals(home)) == 1
    assert row_of(home, key).sign_count == 42


def test_sf08_counter_is_kept(home, ada, browser):
    device = Authenticator("http://localhost:8000")
    key = add_passkey(home, ada, device, sign_count=42)
    at_passkey(browser, home)
    show(browser, device.get(options_on(browser), count=50))
    row = row_of(home, key)
    assert (row.sign_count, row.use_count, row.last_address) == (50, 1, "127.0.0.1")


def test_sf08_of_two_answers_with_one_count_one_is_a_copy(home, ada, new_browser):
    device = Authenticator("http://localhost:8000")
    add_passkey(home, ada, device, sign_count=1)
    browsers = [at_passkey(new_browser(), home) for _ in range(8)]
    answers = [device.get(options_on(one), count=2) for one in browsers]
    steps.at_once([lambda one=one, answer=answer: show(one, answer) for one, answer in zip(browsers, answers, strict=True)])
    assert len(steps.events(home, Event.LOGIN_SUCCEEDED)) == 1
    assert len(steps.events(home, Event.PASSKEY_CLONE)) == 7


def refusals(home):
    return [event for event in steps.events(home, Event.LOGIN_REFUSED) if event.cause == "factor_invalid"]


def row_of(home, key):
    with home.db.reading() as db:
        return db.scalars(select(Passkey).where(Passkey.credential_id == encoded(key.id))).one()


# What is no answer at all

NONSENSE = {
    "nothing": "",
    "no JSON": "{",
    "a list": "[]",
    "empty": "{}",
    "deep": "[" * 20_000,
    "long": json.dumps({"id": "x" * 50_000}),
    "no base64": json.dumps({"id": "x", "rawId": "x", "type": "public-key", "response": {"clientDataJSON": "é"}}),
    "numbers": json.dumps({"id": "x", "rawId": 1, "type": 2, "response": {"clientDataJSON": 3, "userHandle": 4}}),
    "null": json.dumps({"id": "x", "rawId": None, "type": None, "response": {"clientDataJSON": None}}),
    "text for bytes": '{"id": "\\ud800", "response": {"clientDataJSON": "\\ud800"}}',
}


@ON_SQLITE
@pytest.mark.parametrize("answer", NONSENSE.values(), ids=NONSENSE.keys())
def test_sf08_nonsense_is_refused_like_a_wrong_answer(home, ada, browser, answer):
    at_passkey(browser, home)
    assert show(browser, answer).status == 403
    assert len(refusals(home)) == 1


IDS = {"none": "", "zero byte": "a\x00b", "half a letter": "\ud800", "letter": "é", "padded": "a=b", "long": "x" * 2000}


@pytest.mark.parametrize("credential_id", IDS.values(), ids=IDS.keys())
def test_sf08_id_that_no_passkey_has_is_asked_of_no_database(home, ada, browser, credential_id):
    device = device_of(home, ada)
    at_passkey(browser, home)
    answer = json.loads(device.get(options_on(browser))) | {"id": credential_id}
    assert show(browser, json.dumps(answer)).status == 403
    assert refusals(home)[-1].detail["detail"] == "passkey: its id is none"


@ON_SQLITE
@pytest.mark.parametrize("part", ["rawId", "clientDataJSON", "authenticatorData", "signature", "userHandle"])
@pytest.mark.parametrize("value", ["", "!", "AAAA", 7, None, [], {"a": 1}], ids=str)
def test_sf08_broken_part_is_refused_like_a_wrong_answer(home, ada, browser, part, value):
    device = device_of(home, ada)
    at_passkey(browser, home)
    answer = json.loads(device.get(options_on(browser)))
    place = answer if part == "rawId" else answer["response"]
    place[part] = value
    assert show(browser, json.dumps(answer)).status == 403
    assert not steps.events(home, Event.BROKEN)


def test_sf08_ten_wrong_answers_end_the_attempt(home, ada, browser):
    device = device_of(home, ada)
    at_passkey(browser, home)
    for _ in range(9):
        assert show(browser, device.get(options_on(browser), is_verified=False)).status == 403
    assert show(browser, device.get(options_on(browser), is_verified=False)).status == 400


# Where passkeys are closed


def test_sf08_passkeys_that_policy_does_not_allow_open_nothing(broker, browser):
    home = factories.tenant(broker, passkeys=False)
    ada = factories.account(home)
    device_of(home, ada)
    browser.open(f"{home.path}/sign-in")
    assert "passkey" not in browser.words
    browser.open(f"{home.path}/sign-in/passkey?tx={steps.tx_of(browser)}")
    assert (browser.status, steps.event_of(browser, home).cause) == (403, "method_not_allowed")
    browser.open(f"{home.path}/sign-in/again").submit(email=ada.email).submit(password=ada.password)
    assert browser.path == f"{home.path}/sign-in/totp"
    assert "Other ways to prove it is you" not in browser.words


def test_lc10_passkeys_are_closed_where_local_sign_in_is(broker, browser, oidc_peer):
    home = factories.tenant(broker, local_enabled=False)
    way = steps.oidc_way(home, oidc_peer)
    other = steps.oidc_way(home, oidc_peer, "other", label="Other")
    browser.open(f"{home.path}/sign-in")
    assert all(one.label in browser.words for one in (way, other))
    assert "passkey" not in browser.words
    assert browser.open(f"{home.path}/sign-in/passkey?tx={steps.tx_of(browser)}").status == 403


def test_lc10_passkey_of_an_enforced_domain_is_refused(home, ada, browser, oidc_peer):
    device = device_of(home, ada)
    way = steps.oidc_way(home, oidc_peer)
    steps.listed(home, way=way, proven=True, enforce=True)
    at_passkey(browser, home)
    show(browser, device.get(options_on(browser)))
    assert (browser.status, steps.event_of(browser, home).cause) == (403, "method_not_allowed")
    assert not steps.is_signed_in(browser, home)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"state": "disabled"}, "Your account is switched off"),
        ({"is_local_enabled": False}, "This way to sign in isn’t switched on for you"),
    ],
    ids=["disabled", "no local sign-in"],
)
def test_lc10_who_may_not_sign_in_is_told_why_after_the_passkey(home, browser, values, words):
    ada = factories.account(home, **values)
    device = device_of(home, ada)
    at_passkey(browser, home)
    show(browser, device.get(options_on(browser)))
    assert browser.status == 403
    assert words in browser.words
    assert not steps.is_signed_in(browser, home)


@pytest.mark.parametrize("algorithm", [ES256, -8, RS256], ids=["ES256", "EdDSA", "RS256"])
def test_passkeys_of_all_algorithms_sign_in(home, ada, browser, algorithm):
    device = device_of(home, ada, algorithm=algorithm)
    at_passkey(browser, home)
    assert show(browser, device.get(options_on(browser))).at == f"{home.path}/"
