"""Signing in with Microsoft Entra: who gets in, and what the others read and can do."""

import pytest

from tenants.accounts import Account
from tenants.audit import Event
from tests import factories
from tests.peers.entra import oid_of
from tests.peers.people import Person
from tests.support import steps
from tests.support.commands import environment, run


@pytest.fixture
def home(broker):
    return factories.tenant(broker, local_enabled=False, sign_in_page="email_first")


@pytest.fixture
def way(home, entra_peer):
    made = steps.entra_way(home, entra_peer)
    steps.listed(home, way=made, proven=True)
    return made


@pytest.fixture
def jane(home, way):
    way.idp.person = Person(f"jane@{home.domain}", "Jane", "Doe")
    return way.idp.person


def test_first_sign_in_makes_the_account(home, way, jane, browser):
    steps.type_address(browser, home, jane.email)
    assert browser.at == f"{home.path}/"
    assert "Jane Doe" in browser.words
    assert "Signed in with Microsoft" in browser.words
    assert way.idp.seen["authorize"]["login_hint"] == jane.email
    created, linked, entered = (
        steps.events(home, event)[0] for event in (Event.ACCOUNT_CREATED, Event.IDENTITY_LINKED, Event.LOGIN_SUCCEEDED)
    )
    assert created.account_id == linked.account_id == entered.account_id
    assert created.reference == entered.reference
    assert entered.connection_id == way.row.id
    assert entered.address == "127.0.0.1"


def test_pinned_directory_and_proven_domain_make_the_address_verified(home, way, jane, browser):
    steps.enter(browser, home, way)
    with home.db.reading() as db:
        account = db.query(Account).one()
    assert (account.email, account.is_email_verified, account.state) == (jane.email, True, "active")


def test_second_sign_in_is_the_same_account(home, way, jane, browser, new_browser):
    steps.enter(browser, home, way)
    steps.enter(new_browser(), home, way)
    first, second = steps.events(home, Event.LOGIN_SUCCEEDED)
    assert first.account_id == second.account_id
    assert len(steps.events(home, Event.ACCOUNT_CREATED)) == 1


def test_names_follow_the_directory_and_the_address_does_not(home, way, jane, browser):
    steps.enter(browser, home, way)
    browser.forget_cookies()
    way.idp.person = Person(f"jane.roe@{home.domain}", "Jane", "Roe", subject=jane.subject)
    steps.enter(browser, home, way)
    assert browser.at == f"{home.path}/"
    assert "Jane Roe" in browser.words
    assert jane.email in browser.words


MISMATCH, OTHER = "upstream_tenant_mismatch", "Other ways to sign in"
RULE, DISTRUST = "A rule of your directory stopped this sign-in", "The answer of Microsoft can’t be trusted"
REFUSALS = {
    "guest": (lambda idp: idp.guest(), MISMATCH, "You’re a guest in that directory", "Use another account"),
    "personal account": (lambda idp: idp.personal(), MISMATCH, "That is a personal account", "Use another account"),
    "foreign directory": (
        lambda idp: idp.foreign_directory(),
        MISMATCH,
        "That account belongs to another organization",
        "Use another account",
    ),
    "declined": (
        lambda idp: idp.refuses("access_denied", 65004),
        "upstream_denied",
        "Microsoft didn’t let you in",
        "Try again",
    ),
    "not set up there": (
        lambda idp: idp.refuses("invalid_client", 650052),
        "connection_misconfigured",
        "This way to sign in isn’t set up correctly",
        OTHER,
    ),
    "no consent": (
        lambda idp: idp.refuses("access_denied", 90094),
        "consent_missing",
        "Microsoft needs an approval first",
        OTHER,
    ),
    "not assigned": (
        lambda idp: idp.refuses("access_denied", 50105),
        "upstream_not_assigned",
        "Microsoft says you aren’t on the list",
        OTHER,
    ),
    "blocked there": (
        lambda idp: idp.refuses("access_denied", 50057),
        "upstream_account_blocked",
        "Microsoft has blocked this account",
        OTHER,
    ),
    "conditional access": (lambda idp: idp.refuses("access_denied", 53003), "upstream_policy_blocked", RULE, "Try again"),
    "token endpoint down": (lambda idp: idp.breaks(), "upstream_unreachable", "Microsoft doesn’t answer", "Try again"),
    "not trustworthy": (lambda idp: idp.wrong_nonce(), "upstream_response_invalid", DISTRUST, "Try again"),
}


@pytest.mark.parametrize(("misbehave", "cause", "heading", "button"), REFUSALS.values(), ids=REFUSALS)
def test_refusal_says_what_happened_and_what_to_do(home, way, jane, browser, misbehave, cause, heading, button):
    misbehave(way.idp)
    steps.enter(browser, home, way)
    assert browser.status >= 400
    assert heading in browser.words
    assert f"help@{home.domain}" in browser.words
    event = steps.event_of(browser, home)
    assert (event.cause, event.connection_id, event.address) == (cause, way.row.id, "127.0.0.1")
    assert button in [link.label for link in browser.page.links]
    assert not steps.events(home, Event.ACCOUNT_CREATED)


def test_numbers_of_entra_are_for_the_admin(home, way, jane, browser):
    way.idp.refuses("access_denied", 53003)
    steps.enter(browser, home, way)
    detail = steps.event_of(browser, home).detail
    assert detail["upstream_code"] == "AADSTS53003"
    assert detail["trace_id"]
    assert detail["correlation_id"]
    assert "AADSTS" not in browser.text


def test_use_another_account_asks_the_directory_for_a_choice(home, way, jane, browser):
    way.idp.guest()
    steps.enter(browser, home, way)
    way.idp.says(idp=None)
    browser.follow("Use another account")
    assert way.idp.seen["authorize"]["prompt"] == "select_account"
    assert "login_hint" not in way.idp.seen["authorize"]
    assert browser.at == f"{home.path}/"


@pytest.mark.parametrize("error", ["login_required", "invalid_request"])
def test_session_that_ended_there_is_begun_once_more_without_a_question(home, way, jane, browser, error):
    way.idp.refuses(error, 50058)
    way.idp.recovers_after(1)
    steps.enter(browser, home, way)
    assert browser.at == f"{home.path}/"
    assert way.idp.hits["authorize"] == 2
    assert not steps.events(home, Event.LOGIN_REFUSED)


@pytest.mark.parametrize("number", [50058, 50132, 50133, 50173, 50089])
def test_session_that_ends_there_time_and_again_sends_nobody_round(home, way, jane, browser, number):
    way.idp.refuses("interaction_required", number)
    steps.enter(browser, home, way)
    assert (browser.status, way.idp.hits["authorize"]) == (400, 2)
    assert steps.event_of(browser, home).detail["upstream_code"] == f"AADSTS{number}"
    steps.enter(browser, home, way)
    assert way.idp.hits["authorize"] == 4, "the next attempt may go once more itself"


def test_provider_that_does_not_ask_leads_to_a_page_with_a_way_on(home, way, jane, browser):
    way.idp.refuses("login_required", 50058)
    steps.enter(browser, home, way)
    assert (browser.status, way.idp.hits["authorize"]) == (401, 2)
    assert "Microsoft has to ask you first" in browser.words
    assert steps.event_of(browser, home).cause == "interaction_needed"
    way.idp.recovers_after(1)
    way.idp._error.clear()
    browser.follow("Start again").submit(email=jane.email)
    assert steps.go_along(browser).at == f"{home.path}/"


def test_number_says_more_than_the_word_that_comes_with_it(home, way, jane, browser):
    way.idp.refuses("interaction_required", 50076)
    steps.enter(browser, home, way)
    assert (steps.event_of(browser, home).cause, way.idp.hits["authorize"]) == ("upstream_policy_blocked", 1)


def test_sign_out_goes_on_to_microsoft_where_that_is_wished(home, way, jane, browser):
    way.change(options={**way.row.options, "sign_out_there": True})
    steps.enter(browser, home, way)
    browser.open(f"{home.path}/").submit(press="Sign out")
    assert "Taking you to Microsoft" in browser.words
    assert steps.go_along(browser).at == f"{home.path}/signed-out"
    asked = way.idp.seen["logout"]
    assert asked["post_logout_redirect_uri"] == f"{home.url}/signed-out"
    assert asked["id_token_hint"]
    assert not steps.is_signed_in(browser, home)


def test_try_again_goes_there_again(home, way, jane, browser):
    way.idp.breaks()
    steps.enter(browser, home, way)
    way.idp.recovers()
    browser.follow("Try again")
    assert browser.at == f"{home.path}/"


def test_other_ways_stay_here(home, way, jane, browser):
    way.idp.breaks()
    steps.enter(browser, home, way)
    way.idp.recovers()
    before = way.idp.hits["authorize"]
    browser.follow("Other ways to sign in")
    assert browser.status == 200
    assert way.idp.hits["authorize"] == before
    browser.submit(press=way.key)
    assert steps.go_along(browser).at == f"{home.path}/"


def test_provider_that_cannot_be_asked_at_all_is_named(home, way, jane, browser):
    way.idp.breaks("discovery")
    steps.enter(browser, home, way)
    assert browser.status == 503
    assert "Microsoft doesn’t answer" in browser.words
    assert steps.event_of(browser, home).connection_id == way.row.id
    way.idp.recovers()
    home.broker.ports.clock.advance(minutes=10)
    browser.follow("Try again")
    assert browser.at == f"{home.path}/"


def test_disabled_account_is_told_so(home, way, jane, browser):
    steps.enter(browser, home, way)
    browser.forget_cookies()
    with home.db.writing() as db:
        db.query(Account).one().state = "disabled"
    steps.enter(browser, home, way)
    assert browser.status == 403
    assert "Your account is switched off" in browser.words
    assert steps.event_of(browser, home).cause == "account_disabled"
    assert not steps.is_signed_in(browser, home)


def test_connection_that_was_switched_off_meanwhile_lets_nobody_in(home, way, jane, browser):
    assert steps.enter(browser, home, way).at == f"{home.path}/"
    browser.forget_cookies()
    way.change(is_enabled=False)
    steps.type_address(browser, home, jane.email)
    assert browser.status == 403
    assert "This way to sign in is switched off" in browser.words
    assert way.idp.hits["authorize"] == 1


def test_back_from_a_connection_that_was_switched_off_meanwhile(home, way, jane, browser):
    browser.stop_at(way.origin)
    steps.enter(browser, home, way)
    back = way.idp.approve(browser.foreign, jane)
    with home.db.writing() as db:
        db.get_one(type(way.row), (home.id, way.row.id)).is_enabled = False
    browser.open(back)
    assert browser.status == 403
    assert "This way to sign in is switched off" in browser.words
    assert way.idp.hits["token"] == 0


def test_what_graph_says_of_a_person_is_kept_and_shown_to_the_operator(home, way, jane, browser, database_url):
    way.change(options=way.row.options | {"graph_host": way.idp.origin, "read_profile": True})
    way.idp.graph.profile = {"jobTitle": "Engineer", "businessPhones": ["+32 2 555 01 00"]}
    steps.enter(browser, home, way)
    show = ("account", "show", "--tenant", home.slug, "--email", jane.email)
    said = "position Engineer, phone +32 2 555 01 00"
    assert said in run(*show, **environment(database_url)).stdout
    way.idp.graph.status = 503
    browser.forget_cookies()
    steps.enter(browser, home, way)
    assert said in run(*show, **environment(database_url)).stdout, "no answer takes nothing away"


def test_success_says_that_groups_were_too_many_to_be_known(home, way, jane, new_browser):
    """With the step of a second factor in between as well."""
    known = factories.account(home, jane.email, with_password=False, is_email_verified=True)
    factories.identity(home, known.id, way.row.id, issuer=way.idp.issuer, subject=oid_of(jane))
    steps.enter(new_browser(), home, way)
    way.idp.overage()
    steps.enter(new_browser(), home, way)
    way.change(acr_values="mfa", options=way.row.options | {"graph_host": way.idp.origin, "read_groups": True})
    way.idp.graph.status = 403
    browser = steps.enter(new_browser(), home, way)
    assert browser.submit(code=steps.fresh_code(home, known)).at == f"{home.path}/"
    assert {one.detail.get("groups") for one in steps.events(home, Event.LOGIN_SUCCEEDED)} == {
        None,
        "unknown: too many to send, read_groups is off",
        "unknown: too many to send, graph_permission",
    }
