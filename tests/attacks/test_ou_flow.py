"""Attacks on the way to an identity provider and back, through the product's own pages (security.md, OU)."""

import pytest

from tenants.accounts import Account
from tenants.audit import Event
from tests import factories
from tests.peers.people import Person
from tests.support import steps
from tests.support.linking import ASKS


@pytest.fixture
def home(broker):
    return factories.tenant(broker)


@pytest.fixture
def way(home, oidc_peer):
    made = steps.oidc_way(home, oidc_peer)
    steps.listed(home, way=made, proven=True)
    made.idp.person = Person(f"jane@{home.domain}", "Jane")
    return made


def sent_off(browser, home, way):
    """Where the provider would send this browser back to."""
    browser.stop_at(way.origin)
    return way.idp.approve(steps.enter(browser, home, way).foreign)


def refused_as(browser, home, cause) -> None:
    assert browser.status >= 400
    assert not steps.is_signed_in(browser, home)
    assert cause in {event.cause for event in steps.events(home)}


def asked_for_proof(browser, home) -> None:
    """Nobody is let in, and nothing is linked, before the account itself is proven."""
    assert ASKS in browser.words
    assert not steps.is_signed_in(browser, home)
    assert "link_required" in {event.cause for event in steps.events(home)}


@pytest.mark.parametrize("state", ["", "?state=", "?state=guessed&code=x", "?code=x"])
def test_ou01_state_missing_or_unknown(home, way, browser, state):
    sent_off(browser, home, way)
    browser.open(f"{home.path}/callback/{way.key}{state}")
    assert browser.status == 400
    refused_as(browser, home, "flow_expired")
    assert way.idp.hits["token"] == 0


def test_ou01_state_of_another_browser(home, way, browser, new_browser):
    back = sent_off(browser, home, way)
    victim = new_browser()
    victim.open(f"{home.path}/sign-in")
    victim.open(back)
    refused_as(victim, home, "flow_expired")
    assert way.idp.hits["token"] == 0
    assert browser.open(back).at == f"{home.path}/"


def test_ou02_state_works_once(home, way, browser):
    back = sent_off(browser, home, way)
    assert browser.open(back).at == f"{home.path}/"
    browser.open(back)
    assert browser.status == 400
    assert way.idp.hits["token"] == 1


def test_ou02_of_twenty_at_once_one_gets_in(home, way, browser, new_browser):
    back = sent_off(browser, home, way)
    twins = [new_browser() for _ in range(20)]
    for twin in twins:
        twin.client.set_cookie(f"{home.slug}-tx", browser.cookie("tx"), path=home.path, domain="localhost")
    steps.at_once([lambda one=one: one.open(back) for one in twins])
    assert [one.at for one in twins].count(f"{home.path}/") == 1
    assert way.idp.hits["token"] == 1
    assert len(steps.events(home, Event.LOGIN_SUCCEEDED)) == 1


def test_ou02_state_is_spent_by_an_error_too(home, way, browser):
    back = sent_off(browser, home, way)
    state = back.partition("state=")[2].partition("&")[0]
    browser.open(f"{home.path}/callback/{way.key}?error=access_denied&state={state}&iss={way.idp.issuer}")
    assert browser.status == 403
    assert browser.open(back).status == 400


def test_ou03_code_of_one_provider_at_the_callback_of_another(home, way, oidc_peer, browser):
    evil = steps.oidc_way(home, oidc_peer, "evil", label="Evil")
    steps.notice(home)
    back = sent_off(browser, home, way)
    browser.open(back.replace(f"/callback/{way.key}", "/callback/evil"))
    refused_as(browser, home, "flow_expired")
    assert (evil.idp.hits["token"], way.idp.hits["token"]) == (0, 0)


@pytest.mark.parametrize("issuer", [None, "https://evil.example"], ids=["missing", "wrong"])
def test_ou03_issuer_of_the_answer_is_checked_before_the_code_is_sent(home, way, browser, issuer):
    way.idp.iss_param(issuer)
    refused_as(browser.open(sent_off(browser, home, way)), home, "upstream_response_invalid")
    assert way.idp.hits["token"] == 0


def test_ou04_token_of_an_earlier_sign_in_does_not_open_another(home, way, browser):
    way.idp.wrong_nonce()
    refused_as(browser.open(sent_off(browser, home, way)), home, "upstream_response_invalid")


def test_ou08_foreign_issuer_is_refused_every_time(home, way, browser, new_browser):
    assert browser.open(sent_off(browser, home, way)).at == f"{home.path}/"
    way.idp.foreign_issuer()
    for _ in range(3):
        other = new_browser()
        other.open(sent_off(other, home, way))
        refused_as(other, home, "upstream_response_invalid")


@pytest.mark.parametrize("knob", ["foreign_directory", "personal", "guest"])
def test_ou09_person_of_another_directory_stays_out(home, entra_peer, browser, knob):
    way = steps.entra_way(home, entra_peer)
    steps.listed(home, way=way, proven=True)
    way.idp.person = Person(f"jane@{home.domain}")
    getattr(way.idp, knob)()
    steps.enter(browser, home, way)
    refused_as(browser, home, "upstream_tenant_mismatch")
    assert not steps.events(home, Event.ACCOUNT_CREATED)


def test_ou10_same_address_of_another_subject_is_not_the_same_person(home, way, browser, new_browser):
    assert browser.open(sent_off(browser, home, way)).at == f"{home.path}/"
    way.idp.person = Person(f"jane@{home.domain}", "Mallory")
    mallory = new_browser()
    mallory.open(sent_off(mallory, home, way))
    refused_as(mallory, home, "link_required")


def test_ou10_second_directory_that_writes_the_victims_address(home, entra_peer, browser, new_browser):
    ours = steps.entra_way(home, entra_peer, "ours", label="Ours")
    theirs = steps.entra_way(home, entra_peer, "theirs", label="Theirs")
    steps.listed(home, way=ours, proven=True)
    victim = Person(f"jane@{home.domain}", "Jane")
    ours.idp.person, theirs.idp.person = victim, Person(victim.email, "Mallory", subject=victim.subject)
    assert steps.enter(browser, home, ours).at == f"{home.path}/"
    mallory = steps.enter(new_browser(), home, theirs)
    asked_for_proof(mallory, home)


def test_ou10_second_directory_makes_no_account_for_a_domain_that_is_not_its_own(home, entra_peer, browser):
    ours = steps.entra_way(home, entra_peer, "ours", label="Ours")
    theirs = steps.entra_way(home, entra_peer, "theirs", label="Theirs")
    steps.listed(home, way=ours, proven=True)
    theirs.idp.person = Person(f"jane@{home.domain}")
    steps.enter(browser, home, theirs)
    refused_as(browser, home, "email_unverified")
    assert not steps.events(home, Event.ACCOUNT_CREATED)


@pytest.mark.parametrize("verified", [False, "true", 1, None], ids=repr)
def test_ou11_address_that_was_only_claimed_makes_no_account(home, oidc_peer, browser, verified):
    way = steps.oidc_way(home, oidc_peer)
    steps.listed(home)
    way.idp.person = Person(f"jane@{home.domain}", email_verified=verified)
    steps.enter(browser, home, way)
    refused_as(browser, home, "email_unverified")


def test_ou11_provider_that_says_unverified_is_believed_before_the_domain(home, way, browser):
    way.idp.person = Person(f"jane@{home.domain}", email_verified=False)
    browser.open(sent_off(browser, home, way))
    refused_as(browser, home, "email_unverified")


def test_ou11_edov_that_denies_is_believed_before_the_domain(home, entra_peer, browser):
    way = steps.entra_way(home, entra_peer)
    steps.listed(home, way=way, proven=True)
    way.idp.person = Person(f"jane@{home.domain}")
    way.idp.says(xms_edov=False)
    steps.enter(browser, home, way)
    refused_as(browser, home, "email_unverified")


def test_ou11_entra_vouches_for_a_domain_that_the_tenant_has_not_proven(home, entra_peer, browser):
    way = steps.entra_way(home, entra_peer)
    steps.listed(home)
    way.idp.person = Person(f"jane@{home.domain}")
    steps.enter(browser, home, way)
    refused_as(browser, home, "email_unverified")
    way.idp.says(xms_edov="1")
    assert steps.enter(browser, home, way).at == f"{home.path}/"


def test_ou11_edov_of_another_kind_of_provider_means_nothing(home, oidc_peer, browser):
    way = steps.oidc_way(home, oidc_peer)
    steps.listed(home)
    way.idp.person = Person(f"jane@{home.domain}")
    way.idp.says(xms_edov=True, hd=home.domain)
    steps.enter(browser, home, way)
    refused_as(browser, home, "email_unverified")


def test_ou12_userinfo_about_somebody_else(home, oidc_peer, browser):
    way = steps.oidc_way(home, oidc_peer)
    steps.listed(home, way=way, proven=True)
    way.change(options=dict(way.row.options) | {"fetch_userinfo": True}, version=2)
    way.idp.person = Person(f"jane@{home.domain}")
    way.idp.userinfo_other_sub()
    steps.enter(browser, home, way)
    refused_as(browser, home, "upstream_response_invalid")


def test_ou13_address_that_was_given_to_somebody_new_is_a_conflict_in_the_audit_log(home, way, browser, new_browser):
    """The domain was resold: another subject of the same connection has the address now."""
    assert browser.open(sent_off(browser, home, way)).at == f"{home.path}/"
    way.idp.person = Person(f"jane@{home.domain}", "New Jane")
    other = new_browser()
    other.open(sent_off(other, home, way))
    assert "This address belongs to another account" in other.words
    event = steps.event_of(other, home)
    assert event.detail["reasons"] == "address_taken identity_conflict"
    assert (event.detail["subject"], event.connection_id) == (way.idp.person.subject, way.row.id)
    assert event.detail["email"] == f"jane@{home.domain}"


@pytest.mark.parametrize("knob", ["no_id_token", "html_reply", "breaks", "huge_body"])
def test_ou14_broken_token_endpoint_is_refused_and_others_go_on(broker, home, way, oidc_peer, browser, new_browser, knob):
    getattr(way.idp, knob)()
    browser.open(sent_off(browser, home, way))
    assert browser.status in {403, 503}
    assert not steps.is_signed_in(browser, home)
    other = factories.tenant(broker)
    assert steps.sign_in(new_browser(), other, factories.account(other)).at == f"{other.path}/"


@pytest.mark.parametrize(
    "words", ["<script>alert(1)</script>", "\x00\x1b[31m\r\nSet-Cookie: a=b", "%s%(x)s{{7*7}}", "x" * 5000], ids=repr
)
def test_ou19_words_of_the_provider_are_nobodys_words_here(home, way, browser, words):
    way.idp.error_callback(words[:60], words)
    browser.open(sent_off(browser, home, way))
    assert browser.status == 403
    assert words[:20] not in browser.text
    detail = steps.event_of(browser, home).detail
    assert detail["description"].isprintable()
    assert len(detail["description"]) <= 500


def test_ou19_error_without_an_attempt_is_a_neutral_page(home, way, browser):
    browser.open(f"{home.path}/callback/{way.key}?error=access_denied&error_description=call+evil")
    assert browser.status == 400
    assert "evil" not in browser.words
    assert "This sign-in took too long" in browser.words


def test_ou19_parameters_that_come_twice_are_refused(home, way, browser):
    back = sent_off(browser, home, way)
    browser.open(f"{back}&state=second")
    assert browser.status == 403
    assert way.idp.hits["token"] == 0


def test_ou21_federated_person_does_not_take_over_a_local_account(home, way, browser):
    ada = factories.account(home, f"jane@{home.domain}")
    browser.open(sent_off(browser, home, way))
    asked_for_proof(browser, home)
    tx = steps.tx_of(browser.open(f"{home.path}/sign-in"))
    browser.submit(email=ada.email, press="Continue")
    steps.prove(browser.open(f"{home.path}/sign-in/choose?tx={tx}").submit(press="local"), home, ada)
    assert [event.account_id for event in steps.events(home, Event.LOGIN_SUCCEEDED)] == [ada.id]


def test_ou21_local_person_does_not_take_over_a_federated_account(home, way, browser, new_browser):
    browser.open(sent_off(browser, home, way))
    with home.db.reading() as db:
        account = db.query(Account).one()
    assert (account.is_local_enabled, account.email) == (False, f"jane@{home.domain}")
    other = new_browser()
    tx = steps.tx_of(other.open(f"{home.path}/sign-in"))
    other.submit(email=account.email, press="Continue")
    other.open(f"{home.path}/sign-in/choose?tx={tx}").submit(press="local").submit(password=factories.PASSWORD)
    assert other.status == 403
    refused_as(other, home, "credentials_invalid")


def test_ou22_connection_changed_while_somebody_was_away_is_asked_again(home, way, browser):
    back = sent_off(browser, home, way)
    way.change(version=2)
    browser.open(back)
    refused_as(browser, home, "flow_expired")
    assert way.idp.hits["token"] == 0


def test_fact7_fresh_proof_that_was_asked_for_is_checked_on_return(home, way, browser):
    """conformance.md A, fact 7: the provider ignored `prompt=login` and says since when it knows the person."""
    app = factories.application(home)
    steps.notice(home)
    asked = f"client_id={app.client_id}&redirect_uri={app.redirect_uris[0]}&response_type=code&scope=openid&prompt=login"
    challenge = "code_challenge_method=S256&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
    way.idp.says(auth_time=int(home.now.timestamp()) - 3600)
    tx = steps.tx_of(browser.open(f"{home.path}/oidc/authorize?{asked}&{challenge}"))
    browser.open(f"{home.path}/sign-in/go/{way.key}?tx={tx}")
    assert way.idp.seen["authorize"]["prompt"] == "login"
    refused_as(browser, home, "upstream_response_invalid")
    way.idp.says(auth_time=int(home.now.timestamp()))
    browser.open(f"{home.path}/sign-in/go/{way.key}?tx={tx}")
    assert browser.foreign.startswith(app.redirect_uris[0])
