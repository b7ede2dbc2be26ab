"""Attacks on linking: by somebody else's subject, proof, browser or address (security.md, OU-10 to OU-22, LC-09, SF-04)."""

import pytest

from tenants.accounts import Account
from tenants.audit import Event
from tenants.domains import Domain
from tenants.sessions import BrowserSession
from tenants.tenants import DomainProof
from tenants.transactions import Invitation
from tests import factories
from tests.peers.people import Person
from tests.support import rows, steps
from tests.support.linking import ASKS, account_row, grants, identities, linked, locally, mailed, offered, proven
from tests.support.rows import stored


@pytest.fixture
def home(broker):
    return factories.tenant(broker)


@pytest.fixture
def ada(home):
    return factories.account(home, f"ada@{home.domain}", is_email_verified=True)


@pytest.fixture
def way(home, ada, oidc_peer):
    made = steps.oidc_way(home, oidc_peer)
    steps.listed(home, way=made, proven=True)
    made.idp.person = Person(ada.email, "Ada")
    return made


def link_of(browser) -> str:
    return next(form.fields["link"].value for form in browser.page.forms if "link" in form.fields)


def refused(browser, home, cause) -> None:
    assert browser.status >= 400
    assert identities(home) == []
    assert cause in {event.cause for event in steps.events(home)}
    assert not steps.events(home, Event.IDENTITY_LINKED)


def test_ou22_proof_is_of_no_use_to_a_second_upstream_account(home, ada, way, browser):
    """The proof was given for the subject that came first; another one comes before the last word is said."""
    proven(offered(browser, home, way), home, ada)
    old, tx = link_of(browser), steps.tx_of(browser)
    page = browser.page
    way.idp.person = Person(ada.email, "Mallory")
    browser.open(f"{home.path}/sign-in/go/{way.key}?tx={tx}")
    assert ASKS in browser.words
    browser.open(f"{home.path}/sign-in/link/confirm?tx={tx}")
    refused(browser, home, "flow_expired")
    proven(browser.open(f"{home.path}/sign-in/link?tx={tx}"), home, ada)
    token = next(form.fields["csrf_token"].value for form in page.forms if "csrf_token" in form.fields)
    form = {"tx": tx, "link": old, "csrf_token": token}
    answer = browser.client.post(f"{home.path}/sign-in/link/confirm", data=form, base_url=browser.home)
    assert answer.status_code == 400
    assert identities(home) == []
    browser.submit(press="Link and continue")
    assert [one.subject for one in identities(home)] == [way.idp.person.subject]


def test_ou22_another_account_that_is_proven_gets_nothing(home, ada, way, browser):
    mallory = factories.account(home, f"mallory@{home.domain}")
    tx = steps.tx_of(offered(browser, home, way))
    browser.open(f"{home.path}/sign-in?tx={tx}&ended=1").submit(email=mallory.email, press="Continue")
    steps.prove(browser.open(f"{home.path}/sign-in/choose?tx={tx}").submit(press="local"), home, mallory)
    assert "That is another account" in browser.words
    refused(browser, home, "link_required")
    browser.open(f"{home.path}/sign-in/link/confirm?tx={tx}")
    refused(browser, home, "flow_expired")


def test_ou22_link_stays_in_its_browser_and_needs_the_proof(home, ada, way, browser, new_browser):
    tx = steps.tx_of(offered(browser, home, way))
    browser.open(f"{home.path}/sign-in/link/confirm?tx={tx}")
    refused(browser, home, "flow_expired")
    thief = new_browser()
    thief.open(f"{home.path}/sign-in")
    for page in ("link", "link/confirm"):
        thief.open(f"{home.path}/sign-in/{page}?tx={tx}")
        refused(thief, home, "flow_expired")
    proven(browser.open(f"{home.path}/sign-in/link?tx={tx}"), home, ada)
    thief.open(f"{home.path}/sign-in/link/confirm?tx={tx}")
    refused(thief, home, "flow_expired")
    thief.open(f"{home.path}/sign-in/link/confirm?tx={steps.tx_of(locally(new_browser(), home, ada).open('sign-in'))}")
    refused(thief, home, "flow_expired")


def test_ou22_what_has_changed_since_the_offer_ends_it(home, ada, way, new_browser):
    way.change(provisioning="existing")
    changes = {
        "the account's address": lambda: home.change(Account, ada.id, email="new@x.example", email_key="new@x.example"),
        "the account": lambda: home.change(Account, ada.id, state="disabled"),
        "the connection": lambda: way.change(version=way.row.version + 1),
        "the connection, off": lambda: way.change(is_enabled=False),
    }
    for what, change in changes.items():
        home.change(Account, ada.id, state="active", email=ada.email, email_key=ada.email)
        browser = proven(offered(new_browser(), home, way), home, ada)
        change()
        browser.submit(press="Link and continue")
        assert browser.status >= 400, what
        assert identities(home) == [], what


def test_ou22_link_is_good_once(home, ada, way, browser, new_browser):
    proven(offered(browser, home, way), home, ada)
    twins = [new_browser() for _ in range(4)]
    for twin in twins:
        twin.client.set_cookie(f"{home.slug}-tx", browser.cookie("tx"), path=home.path, domain="localhost")
        twin.open(browser.at)
    steps.at_once([lambda one=one: one.submit(press="Link and continue") for one in (browser, *twins)])
    assert len(identities(home)) == 1
    assert len(steps.events(home, Event.IDENTITY_LINKED)) == 1
    assert [one.path for one in (browser, *twins)].count(f"{home.path}/") == 1


def test_ou21_domains_directory_takes_over_nobody_who_configures(home, way, new_browser):
    """Whoever runs the directory writes any address of the domain into it."""
    way.change(linking="proven", provisioning="invited")
    for role in ("owner", "admin"):
        chief = factories.account(home, f"{role}@{home.domain}", role=role, is_email_verified=True)
        way.idp.person = Person(chief.email, "Mallory")
        assert ASKS in steps.enter(new_browser(), home, way).words
    fresh = factories.account(home, f"fresh@{home.domain}")
    way.idp.person = Person(fresh.email, "Mallory")
    assert ASKS in steps.enter(new_browser(), home, way).words, "in use, and never proven"
    assert identities(home) == []
    assert mailed(home) == []


def test_ou10_directory_that_owns_nothing_links_nothing_by_itself(home, ada, way, oidc_peer, entra_peer, new_browser):
    foreign = steps.oidc_way(home, oidc_peer, "foreign", label="Foreign", linking="proven", provisioning="invited")
    entra = steps.entra_way(home, entra_peer, linking="proven")
    steps.notice(home)
    for other in (foreign, entra):
        other.idp.person = Person(ada.email, "Mallory")
        browser = new_browser()
        assert ASKS in steps.enter(browser, home, other).words
        assert not steps.is_signed_in(browser, home)
    assert identities(home) == []


def test_ou11_disowned_address_learns_nothing_of_accounts(home, ada, way, new_browser):
    for provisioning in ("existing", "invited"):
        way.change(provisioning=provisioning, linking="proven")
        answers = set()
        for email in (ada.email, f"nobody@{home.domain}"):
            way.idp.person = Person(email, email_verified=False)
            browser = steps.enter(new_browser(), home, way)
            reference = steps.reference_of(browser)
            answers.add((browser.status, browser.words.replace(email, "").replace(reference, "")))
        assert len(answers) == 1, provisioning


def test_ou13_second_subject_with_the_address_is_a_conflict_whatever_the_rules(home, ada, way, browser, new_browser):
    linked(browser, home, way, ada)
    way.idp.person = Person(ada.email, "New Ada")
    for linking in ("never", "ask", "proven"):
        way.change(linking=linking, provisioning="invited")
        other = steps.enter(new_browser(), home, way)
        assert "This address belongs to another account" in other.words
        event = steps.event_of(other, home)
        assert (event.event, event.cause) == ("identity.conflict", "link_required")
        assert event.detail["subject"] == way.idp.person.subject
    assert len(identities(home)) == 1


def test_lc09_nothing_that_was_there_before_the_owner_works_on(home, way, new_browser):
    """Trojan subject, password, app, passkey, device, session, invitation link: all laid before the owner first came."""
    way.change(provisioning="invited")
    state = {"state": "invited", "activated_at": None, "is_local_enabled": True}
    victim = factories.account(home, f"victim@{home.domain}", **state)
    trojan = factories.identity(home, victim.id, factories.connection(home, "trojan").id)
    rows.passkey(home, account_id=victim.id)
    opened = factories.session(home, victim)
    factories.invitation(home, "laid-before", victim.id)
    way.idp.person = Person(victim.email, "Victim")
    assert steps.enter(new_browser(), home, way).at == f"{home.path}/"
    assert [one.subject for one in identities(home)] == [way.idp.person.subject]
    assert trojan.id not in {one.id for one in identities(home)}
    assert next(one for one in stored(home, BrowserSession) if one.id == opened.row.id).ended_at is not None
    assert stored(home, Invitation)[0].superseded_at is not None
    assert account_row(home, victim).is_email_verified
    attacker = new_browser()
    attacker.open(f"{home.path}/activate/laid-before")
    assert attacker.status == 410
    tx = steps.tx_of(attacker.open(f"{home.path}/sign-in"))
    attacker.submit(email=victim.email, press="Continue")
    attacker.open(f"{home.path}/sign-in/choose?tx={tx}").submit(press="local").submit(password=victim.password)
    assert attacker.status == 403


def test_lc09_first_proof_at_a_later_sign_in_ends_what_was_before_too(home, ada, oidc_peer, new_browser):
    """Linked while the provider's word was worth nothing; then the domain is proven."""
    home.change(Account, ada.id, is_email_verified=False)
    way = steps.oidc_way(home, oidc_peer)
    steps.listed(home)
    way.idp.person = Person(ada.email)
    linked(new_browser(), home, way, ada)
    trojan = factories.identity(home, ada.id)
    before = factories.session(home, ada)
    assert not account_row(home, ada).is_email_verified
    home.change(Domain, stored(home, Domain)[0].id, connection_id=way.row.id)
    with home.broker.db.platform("a test proves a domain", home.now) as platform:
        platform.add(DomainProof(domain=home.domain, tenant_id=home.id, method="operator", proven_at=home.now))
    way.change(label="Acme")
    assert steps.enter(new_browser(), home, way).at == f"{home.path}/"
    assert account_row(home, ada).is_email_verified
    assert trojan.id not in {one.id for one in identities(home)}
    assert next(one for one in stored(home, BrowserSession) if one.id == before.row.id).ended_at is not None


def test_sf04_link_needs_a_full_factor_and_no_trusted_device(broker, oidc_peer, new_browser):
    home = factories.tenant(broker, trusted_device_days=30, email_factor=True)
    ada = factories.account(home, f"ada@{home.domain}")
    way = steps.oidc_way(home, oidc_peer)
    way.idp.person = Person(ada.email)
    steps.listed(home)
    browser = new_browser()
    browser.open(f"{home.path}/sign-in").submit(email=ada.email).submit(password=ada.password)
    browser.submit(code=steps.fresh_code(home, ada), trust="1")
    offered(browser, home, way).submit(press="local").submit(password=ada.password)
    assert browser.path == f"{home.path}/sign-in/totp"
    tx = steps.tx_of(browser)
    browser.open(f"{home.path}/sign-in/factor?tx={tx}")
    assert "Code by e-mail" not in browser.words
    browser.open(f"{home.path}/sign-in/link/confirm?tx={tx}")
    refused(browser, home, "flow_expired")


def test_ou21_granted_roles_and_groups_of_a_link_are_its_own(home, ada, way, browser):
    way.change(group_rules=[{"from": "engineers", "group": "Builders"}])
    linked(browser, home, way, ada)
    assert grants(home, ada.id) == {("group", "Builders", way.row.id)}
