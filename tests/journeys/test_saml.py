"""Signing in with a SAML identity provider: who gets in, and what the others read and can do."""

from urllib.parse import urlencode

import pytest

from tenants.accounts import Account
from tenants.audit import Event
from tests import factories
from tests.peers.people import Person
from tests.peers.saml_messages import PASSWORD, PROTOCOL
from tests.peers.xml_signing import saml_key
from tests.support import steps


@pytest.fixture
def home(broker):
    return factories.tenant(broker, local_enabled=False, sign_in_page="email_first")


@pytest.fixture
def way(home, saml_peer, browser):
    made = steps.saml_way(home, saml_peer)
    steps.listed(home, way=made, proven=True)
    made.idp.learns(browser.open(f"{home.path}/saml/{made.key}/metadata").response.data)
    return made


@pytest.fixture
def jane(home, way):
    way.idp.person = Person(f"jane@{home.domain}", "Jane", "Doe")
    return way.idp.person


def test_first_sign_in_makes_the_account(home, way, jane, browser):
    steps.enter_by_saml(browser, home, way)
    assert browser.at == f"{home.path}/"
    assert "Jane Doe" in browser.words
    assert "Signed in with Company login" in browser.words
    created, linked, entered = (
        steps.events(home, event)[0] for event in (Event.ACCOUNT_CREATED, Event.IDENTITY_LINKED, Event.LOGIN_SUCCEEDED)
    )
    assert created.account_id == linked.account_id == entered.account_id
    assert entered.connection_id == way.row.id


def test_second_sign_in_is_the_same_account(home, way, jane, browser, new_browser):
    steps.enter_by_saml(browser, home, way)
    steps.enter_by_saml(new_browser(), home, way)
    first, second = steps.events(home, Event.LOGIN_SUCCEEDED)
    assert first.account_id == second.account_id
    assert len(steps.events(home, Event.ACCOUNT_CREATED)) == 1


@pytest.mark.parametrize("signs", [("Response",), ("Assertion",), ("Response", "Assertion")], ids=" and ".join)
@pytest.mark.parametrize("encrypts", [False, True], ids=["clear", "encrypted"])
def test_every_way_to_sign_and_encrypt(home, way, jane, browser, signs, encrypts):
    way.idp.signs_parts(*signs)
    if encrypts:
        way.idp.encrypts()
    assert steps.enter_by_saml(browser, home, way).at == f"{home.path}/"


def test_request_goes_by_form_where_the_provider_wants_that(home, way, jane, browser):
    way.change(options=way.idp.options(request_binding="post"))
    steps.enter(browser, home, way)
    policy = browser.response.headers["Content-Security-Policy"]
    assert f"form-action 'self' {way.origin};" in policy
    browser.submit(press="Continue to Company login")
    assert browser.submit(press="Continue").at == f"{home.path}/"
    assert way.idp.seen[-1].is_signed


def test_way_of_signing_in_is_asked_for_and_has_to_come_back(home, way, jane, browser, new_browser):
    wanted = "https://refeds.org/profile/mfa"
    way.change(options=way.idp.options(asks_for_context=True), acr_values=f"{wanted} {PASSWORD}", factor_values=[wanted])
    steps.enter_by_saml(new_browser(), home, way)
    asked = way.idp.seen[-1].document
    (context,) = asked.findall(f"{{{PROTOCOL}}}RequestedAuthnContext")
    assert context.get("Comparison") == "exact"
    assert [one.text for one in context] == [wanted, PASSWORD]
    assert [child.tag.rpartition("}")[2] for child in asked][-2:] == ["NameIDPolicy", "RequestedAuthnContext"]
    way.idp.says(class_ref=wanted)
    assert steps.enter_by_saml(new_browser(), home, way).at == f"{home.path}/"
    way.idp.says(class_ref="urn:oasis:names:tc:SAML:2.0:ac:classes:X509")
    steps.enter_by_saml(browser, home, way)
    assert steps.event_of(browser, home).detail["detail"] == "authn_context"
    way.change(options=way.idp.options(), acr_values=None)
    steps.enter_by_saml(new_browser(), home, way)
    assert way.idp.seen[-1].document.find(f"{{{PROTOCOL}}}RequestedAuthnContext") is None


def test_person_of_a_typed_address_is_sent_there(home, way, jane, browser):
    steps.type_address(browser, home, jane.email)
    assert browser.submit(press="Continue").at == f"{home.path}/"


def test_second_certificate_is_as_good_as_the_first(home, way, jane, browser):
    way.idp.keys.append(saml_key(2))
    way.change(options=way.idp.options())
    way.idp.keys.reverse()
    assert steps.enter_by_saml(browser, home, way).at == f"{home.path}/"


DENIED = ("upstream_denied", "Company login didn’t let you in", "Try again")
UNTRUSTED = ("upstream_response_invalid", "The answer of Company login can’t be trusted", "Try again")
REFUSALS = {
    "sign-in failed there": (lambda idp: idp.refuses("Responder", "AuthnFailed"), *DENIED),
    "denied there": (lambda idp: idp.refuses("Responder", "RequestDenied"), *DENIED),
    "no reason": (lambda idp: idp.refuses("Responder"), *DENIED),
    "unknown there": (
        lambda idp: idp.refuses("Responder", "UnknownPrincipal"),
        "upstream_not_assigned",
        "Company login says you aren’t on the list",
        "Other ways to sign in",
    ),
    "context": (
        lambda idp: idp.refuses("Responder", "NoAuthnContext"),
        "upstream_policy_blocked",
        "A rule of your directory stopped this sign-in",
        "Try again",
    ),
    "our request is wrong": (
        lambda idp: idp.refuses("Requester", "InvalidNameIDPolicy"),
        "connection_misconfigured",
        "This way to sign in isn’t set up correctly",
        "Other ways to sign in",
    ),
    "unsigned": (lambda idp: idp.signs_parts(), *UNTRUSTED),
    "another key": (lambda idp: idp.signs_with(saml_key(9)), *UNTRUSTED),
    "for somebody else": (lambda idp: idp.says(audiences=[["https://elsewhere.example"]]), *UNTRUSTED),
    "no address": (
        lambda idp: idp.says(attributes=None),
        "account_unknown",
        "You have no account here yet",
        "Use another account",
    ),
}


@pytest.mark.parametrize(("misbehave", "cause", "heading", "button"), REFUSALS.values(), ids=REFUSALS)
def test_refusal_says_what_happened_and_what_to_do(home, way, jane, browser, misbehave, cause, heading, button):
    misbehave(way.idp)
    steps.enter_by_saml(browser, home, way)
    assert browser.status == 403
    assert heading in browser.words
    event = steps.event_of(browser, home)
    assert (event.cause, event.connection_id) == (cause, way.row.id)
    assert button in [link.label for link in browser.page.links]
    assert not steps.events(home, Event.ACCOUNT_CREATED)


def test_admin_reads_the_word_and_how_far_the_clocks_are_apart(home, way, jane, browser):
    way.idp.says(not_before="2099-01-01T00:00:00Z")
    steps.enter_by_saml(browser, home, way)
    detail = steps.event_of(browser, home).detail
    assert detail["detail"] == "time"
    assert detail["description"].endswith("ahead of our clock; the clocks agree")
    assert "clock" not in browser.text


def test_try_again_goes_there_again(home, way, jane, browser):
    way.idp.refuses("Responder", "AuthnFailed")
    steps.enter_by_saml(browser, home, way)
    way.idp.says(status="Success", subcode=None, has_assertion=True)
    browser.follow("Try again").submit(press="Continue")
    assert browser.at == f"{home.path}/"


def test_use_another_account_has_the_provider_ask_again(home, way, jane, browser):
    way.idp.says(attributes=None)
    steps.enter_by_saml(browser, home, way)
    assert way.idp.seen[-1].document.get("ForceAuthn") is None
    browser.follow("Use another account")
    assert way.idp.seen[-1].document.get("ForceAuthn") == "true"


def test_names_follow_the_provider_and_the_address_does_not(home, way, jane, browser):
    steps.enter_by_saml(browser, home, way)
    browser.forget_cookies()
    way.idp.person = Person(f"jane.roe@{home.domain}", "Jane", "Roe", subject=jane.subject)
    steps.enter_by_saml(browser, home, way)
    assert "Jane Roe" in browser.words
    with home.db.reading() as db:
        account = db.query(Account).one()
    assert (account.email, account.is_email_verified) == (jane.email, True)


def test_metadata_is_there_before_the_way_is_switched_on(home, way, browser):
    way.change(is_enabled=False)
    browser.open(f"{home.path}/saml/{way.key}/metadata")
    assert browser.status == 200
    assert browser.response.headers["Content-Type"] == "application/samlmetadata+xml"
    assert f'entityID="{home.url}/saml/{way.key}/metadata"' in browser.text
    assert f'Location="{home.url}/saml/{way.key}/acs"' in browser.text


def test_metadata_of_other_kinds_is_not_there(home, oidc_peer, browser):
    other = steps.oidc_way(home, oidc_peer)
    steps.notice(home)
    for key in (other.key, "nobody"):
        assert browser.open(f"{home.path}/saml/{key}/metadata").status == 404
        assert browser.open(f"{home.path}/saml/{key}/acs").status == 404
    assert browser.open(f"{home.path}/callback/company").status == 404


def test_way_back_asks_the_database_once_more_than_with_openid_connect(home, way, jane, browser, oidc_peer, count_statements):
    """For the assertion, which can be used once."""
    other = steps.oidc_way(home, oidc_peer, "partner", label="Partner")
    steps.listed(home, f"partner.{home.domain}", other, proven=True)
    other.idp.person = Person(f"jane@partner.{home.domain}", "Jane", "Doe")
    counts = {}
    for one in (way, other):
        browser.stop_at(one.origin)
        for _ in range(2):  # the first makes the account
            browser.forget_cookies()
            steps.enter(browser, home, one)
            if one is way:
                url, form = way.idp.answer(browser.foreign)
                back = f"{url}?{urlencode(form)}"
            else:
                back = other.idp.approve(browser.foreign)
            browser.foreign = None
            with count_statements() as count:
                browser.open(back)
            assert browser.at == f"{home.path}/"
            counts[one.key] = len(count)
    assert counts[way.key] == counts[other.key] + 1
