"""Signing in with Google: who gets in, and what the others read and can do."""

import pytest

from tenants.accounts import Account
from tenants.audit import Event
from tests import factories
from tests.peers.google import GOOGLE, workspace_person
from tests.peers.people import Person
from tests.support import steps
from tests.support.linking import ASKS


@pytest.fixture
def home(broker):
    return factories.tenant(broker, local_enabled=False, sign_in_page="email_first")


@pytest.fixture
def way(home, google_peer):
    made = steps.google_way(home, google_peer)
    steps.listed(home, way=made, proven=True)
    return made


@pytest.fixture
def jane(home, way):
    way.idp.person = workspace_person(f"jane@{home.domain}", "Jane", "Doe")
    return way.idp.person


def test_first_sign_in_makes_the_account(home, way, jane, browser):
    steps.type_address(browser, home, jane.email)
    assert browser.at == f"{home.path}/"
    assert "Jane Doe" in browser.words
    assert "Signed in with Google" in browser.words
    asked = way.idp.seen["authorize"]
    assert (asked["login_hint"], asked["hd"]) == (jane.email, home.domain)
    created, linked, entered = (
        steps.events(home, event)[0] for event in (Event.ACCOUNT_CREATED, Event.IDENTITY_LINKED, Event.LOGIN_SUCCEEDED)
    )
    assert created.account_id == linked.account_id == entered.account_id
    assert linked.detail["issuer"] == GOOGLE


def test_second_sign_in_is_the_same_account_in_either_spelling_of_google(home, way, jane, browser, new_browser):
    steps.enter(browser, home, way)
    way.idp.legacy_issuer()
    steps.enter(new_browser(), home, way)
    first, second = steps.events(home, Event.LOGIN_SUCCEEDED)
    assert first.account_id == second.account_id
    assert len(steps.events(home, Event.ACCOUNT_CREATED)) == 1


def test_address_of_the_workspace_is_verified_although_nobody_proved_the_domain(home, google_peer, browser):
    way = steps.google_way(home, google_peer)
    steps.listed(home)
    way.idp.person = workspace_person(f"jane@{home.domain}")
    assert steps.enter(browser, home, way).at == f"{home.path}/"
    with home.db.reading() as db:
        assert db.query(Account).one().is_email_verified


def test_person_of_a_secondary_domain_comes_in_where_the_tenant_lists_it(home, way, browser):
    studio = steps.listed(home, f"studio.{home.domain}")
    way.idp.person = workspace_person(f"lin@{studio}", hd=home.domain)
    assert steps.enter(browser, home, way).at == f"{home.path}/"
    with home.db.reading() as db:
        account = db.query(Account).one()
    assert (account.email, account.is_email_verified) == (f"lin@{studio}", True)


def test_workspace_and_list_of_domains_are_two_questions(home, way, browser):
    """Of our Workspace, but by a secondary domain that the tenant does not list."""
    way.idp.person = workspace_person("lin@studio.example", hd=home.domain)
    steps.enter(browser, home, way)
    assert browser.status == 403
    assert "This e-mail domain isn’t on the list" in browser.words
    assert steps.event_of(browser, home).cause == "domain_not_allowed"


def test_second_workspace_is_let_in_where_it_is_named(home, google_peer, browser):
    partner = steps.listed(home, f"partner-{home.domain}")
    way = steps.google_way(home, google_peer, domains=(home.domain, partner))
    way.idp.person = workspace_person(f"kim@{partner}")
    assert steps.enter(browser, home, way).at == f"{home.path}/"
    assert way.idp.seen["authorize"]["hd"] == "*"


MISMATCH, OTHER = "upstream_tenant_mismatch", "Other ways to sign in"
REFUSALS = {
    "personal account": (lambda idp: idp.personal(), MISMATCH, "That is a personal account", "Use another account"),
    "another workspace": (
        lambda idp: idp.foreign_workspace(),
        MISMATCH,
        "That account belongs to another organization",
        "Use another account",
    ),
    "declined": (
        lambda idp: idp.error_callback("access_denied"),
        "upstream_denied",
        "Google didn’t let you in",
        "Try again",
    ),
    "blocked by the admin": (
        lambda idp: idp.error_callback("admin_policy_enforced"),
        "upstream_policy_blocked",
        "A rule of your directory stopped this sign-in",
        "Try again",
    ),
    "not trusted yet": (
        lambda idp: idp.error_callback("access_not_configured"),
        "consent_missing",
        "Google needs an approval first",
        OTHER,
    ),
    "not on the list": (
        lambda idp: idp.error_callback("app_not_configured_for_user"),
        "upstream_not_assigned",
        "Google says you aren’t on the list",
        OTHER,
    ),
    "another organization's app": (
        lambda idp: idp.error_callback("org_internal"),
        "upstream_not_assigned",
        "Google says you aren’t on the list",
        OTHER,
    ),
    "return address": (
        lambda idp: idp.error_callback("redirect_uri_mismatch"),
        "connection_misconfigured",
        "This way to sign in isn’t set up correctly",
        OTHER,
    ),
    "not verified": (
        lambda idp: idp.says(email_verified=False),
        "email_unverified",
        "Your address isn’t confirmed",
        "Use another account",
    ),
    "out of order": (lambda idp: idp.breaks(), "upstream_unreachable", "Google doesn’t answer", "Try again"),
    "not trustworthy": (
        lambda idp: idp.wrong_nonce(),
        "upstream_response_invalid",
        "The answer of Google can’t be trusted",
        "Try again",
    ),
}


@pytest.mark.parametrize(("misbehave", "cause", "heading", "button"), REFUSALS.values(), ids=REFUSALS)
def test_refusal_says_what_happened_and_what_to_do(home, way, jane, browser, misbehave, cause, heading, button):
    misbehave(way.idp)
    steps.enter(browser, home, way)
    assert browser.status >= 400
    assert heading in browser.words
    event = steps.event_of(browser, home)
    assert (event.cause, event.connection_id) == (cause, way.row.id)
    assert button in [link.label for link in browser.page.links]
    assert not steps.events(home, Event.ACCOUNT_CREATED)


def test_use_another_account_has_google_show_the_accounts(home, way, jane, browser):
    way.idp.personal()
    steps.enter(browser, home, way)
    way.idp.says(hd=home.domain)
    browser.follow("Use another account")
    asked = way.idp.seen["authorize"]
    assert asked["prompt"] == "select_account"
    assert "login_hint" not in asked
    assert browser.at == f"{home.path}/"


def test_google_and_entra_beside_each_other_are_two_ways(home, way, jane, entra_peer, browser, new_browser):
    """The same address by both: the one who came first keeps it, and the page says how to go on."""
    microsoft = steps.entra_way(home, entra_peer)
    steps.notice(home)
    steps.enter(browser, home, way)
    microsoft.idp.person = Person(jane.email, "Jane", "Doe", claims={"xms_edov": True})
    other = new_browser()
    steps.enter(other, home, microsoft)
    assert ASKS in other.words
    event = next(event for event in steps.events(home) if event.cause)
    assert (event.cause, event.detail["reasons"]) == ("link_required", "address_taken link_asked")
