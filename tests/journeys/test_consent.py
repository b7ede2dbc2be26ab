"""Admin consent at Microsoft, guided: whose directory it is shows in a sign-in, and somebody says that it is theirs (U1)."""

from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import pytest
from sqlalchemy import select

from tenants.accounts import Account, Grant
from tenants.audit import Event
from tenants.connection_health import ConnectionHealth
from tenants.consents import FOREVER, Consent
from tenants.domains import Domain
from tenants.identities import Identity
from tenants.ids import digest, new_secret
from tenants.outbox import OutboxMail
from tests import factories
from tests.peers.entra import described
from tests.peers.people import Person
from tests.support import commands, steps
from tests.support.federation_rows import consent
from tests.support.shared import shared_entra, shared_entra_of
from tests.support.steps import Way
from tests.support.wiring import ORIGIN


@pytest.fixture
def home(broker):
    return factories.tenant(broker)


@pytest.fixture
def way(home, entra_peer):
    """A connection that knows no directory yet."""
    made = shared_entra(home, entra_peer)
    made.idp.person = Person(f"jane@{home.domain}", "Jane", claims={"preferred_username": f"jane@{home.domain}"})
    steps.listed(home, way=made, proven=True)
    return made


def command(database_url, home, *arguments):
    return commands.run("connection", "consent", home.slug, *arguments, **commands.environment(database_url))


def new_link(database_url, home, key="microsoft") -> str:
    made = command(database_url, home, key)
    assert made.exit_code == 0, made.output
    return made.output.strip()


def given_link(home, way) -> str:
    """The same, without a command."""
    token = new_secret()
    consent(home, connection_id=way.row.id, token_hash=digest(token), may_bind=True)
    return f"{home.url}/consent/{token}"


def directory_of(way, entra_peer):
    """The one directory of the registration at an authority of its own, where people sign in once it is known."""
    made = entra_peer.directory(way.idp.chosen)
    made.client_id, made.person = way.idp.client_id, way.idp.person
    return made


def consents(home) -> list[Consent]:
    with home.db.reading() as db:
        return db.query(Consent).order_by(Consent.created_at).all()


def mails(home) -> list[OutboxMail]:
    with home.db.reading() as db:
        return db.query(OutboxMail).where(OutboxMail.message == "directory_added").all()


def approve(browser, link):
    """From the page to Microsoft and back, as far as that leads."""
    browser.open(link).submit(press="Start")
    return steps.go_along(browser)


def test_link_leads_an_admin_to_a_directory_that_may_sign_in(home, way, entra_peer, database_url, browser, new_browser):
    directory_of(way, entra_peer)
    ada, desk = factories.admin(home), factories.contact(home)
    link = new_link(database_url, home)
    assert link.startswith(f"{home.url}/consent/")
    approve(browser, link)
    assert way.idp.seen["adminconsent"]["path"] == "/organizations/v2.0/adminconsent"
    assert way.idp.seen["adminconsent"]["redirect_uri"] == f"{ORIGIN}/callback/entra"
    assert way.idp.seen["authorize"]["prompt"] == "select_account"
    assert "Is this your directory?" in browser.words
    assert way.idp.chosen in browser.words
    assert home.domain in browser.words
    early = new_browser()
    steps.enter(early, home, way)
    assert steps.event_of(early, home).cause == "consent_missing"
    browser.submit(press="Yes, let its people in")
    assert "Approved" in browser.words
    steps.notice(home)
    assert steps.enter(new_browser(), home, way).at == f"{home.path}/"
    assert {row.to_address for row in mails(home)} == {ada.email, desk.email}
    (added,) = steps.events(home, Event.DIRECTORY_ADDED)
    assert (added.detail["directory"], added.detail["domain"], added.connection_id) == (way.idp.chosen, home.domain, way.row.id)
    assert browser.open(link).status == 410
    assert way.idp.chosen in command(database_url, home, "microsoft", "--list").output
    assert "may sign in no longer" in command(database_url, home, "microsoft", "--forget", way.idp.chosen).output
    steps.notice(home)
    late = new_browser()
    steps.enter(late, home, way)
    assert steps.event_of(late, home).cause == "consent_missing"


def test_ou10_directory_that_a_link_let_in_vouches_for_its_own_domain_alone(
    home, way, entra_peer, database_url, browser, new_browser
):
    """The connection's other proven domains are somebody else's to vouch for, until the operator says so."""
    directory = directory_of(way, entra_peer)
    other = steps.listed(home, f"other.{home.domain}", way=way, proven=True)
    approve(browser, given_link(home, way)).submit(press="Yes, let its people in")
    steps.notice(home)
    assert steps.enter(new_browser(), home, way).at == f"{home.path}/"
    directory.person = Person(f"eve@{other}", "Eve", subject="e0e0")
    steps.enter(browser, home, way)
    assert steps.event_of(browser, home).cause == "email_unverified"
    assert "may sign in now" in command(database_url, home, "microsoft", "--accept", way.idp.chosen).output
    steps.notice(home)
    assert steps.enter(new_browser(), home, way).at == f"{home.path}/"


def test_link_can_be_handed_on_until_a_directory_has_come_of_it(home, way, browser, new_browser):
    link = given_link(home, way)
    way.idp.refuses_consent("access_denied", described(90094))
    approve(browser, link)
    assert "This account may not approve" in browser.words
    assert steps.event_of(browser, home).detail["upstream_code"] == "AADSTS90094"
    way.idp._refusal = {}
    assert "Is this your directory?" in approve(new_browser(), link).words


def test_approval_comes_before_the_first_test_and_not_after_the_connection_was_switched_off(home, way, browser, new_browser):
    way.change(is_enabled=False, version=0)
    approve(browser, given_link(home, way)).submit(press="Yes, let its people in")
    assert "once the connection is tested and switched on" in browser.words
    assert "Test sign-in" not in browser.words, "this browser is nobody's"
    own = new_browser().open(f"{home.path}/consent/at/{way.key}").submit(press="Start")
    assert steps.event_of(own, home).cause == "connection_disabled"
    way.change(version=1)
    assert steps.event_of(approve(browser, given_link(home, way)), home).cause == "connection_disabled"


def from_its_page(browser, way):
    """Back from the consent page; the sign-in that proves the directory comes next."""
    browser.stop_at(way.origin)
    browser.wait()
    return way.idp.consent(browser.foreign)


def from_its_sign_in(browser, way):
    return way.idp.approve(browser.open(from_its_page(browser, way)).foreign)


@pytest.mark.parametrize("step", [from_its_page, from_its_sign_in])
def test_su20_approval_leads_no_further_once_the_connection_is_off(home, way, browser, step):
    browser.open(given_link(home, way)).submit(press="Start")
    back = step(browser, way)
    way.change(is_enabled=False)
    assert steps.event_of(browser.open(back), home).cause == "connection_disabled"
    assert consents(home)[0].proven_at is None


def test_su20_word_for_a_directory_lets_nobody_in_once_the_connection_is_off(home, way, browser):
    approve(browser, given_link(home, way))
    way.change(is_enabled=False)
    browser.submit(press="Yes, let its people in")
    assert steps.event_of(browser, home).cause == "connection_disabled"
    assert (consents(home)[0].bound_at, steps.events(home, Event.DIRECTORY_ADDED), mails(home)) == (None, [], [])


def test_what_the_browser_says_about_the_directory_is_not_believed(home, way, browser):
    """Anybody can write the answer of the consent page; the sign-in that follows can't be written."""
    way.idp.consent_says = str(uuid4())
    approve(browser, given_link(home, way))
    assert "Those were two different directories" in browser.words
    way.idp.consent_says = "9188040d-6c67-4c5b-b112-36a304b66dad"
    approve(browser, given_link(home, way))
    assert browser.status == 403
    assert [row.bound_at or row.proven_at for row in consents(home)] == [None, None]
    assert steps.events(home, Event.DIRECTORY_ADDED) == []


def test_answer_belongs_to_the_browser_that_began_and_counts_once(home, way, browser, new_browser):
    link = given_link(home, way)
    browser.open(link).submit(press="Start")
    browser.stop_at(way.origin)
    browser.wait()
    back = way.idp.consent(browser.foreign)
    stranger = new_browser().stop_at(way.origin)
    assert "This approval took too long" in stranger.open(back).words
    browser.open(back)
    proof = way.idp.approve(browser.foreign)
    assert "This approval took too long" in stranger.open(proof).words
    assert "Is this your directory?" in browser.open(proof).words
    form = {name: field.value for name, field in browser.page.forms[0].fields.items()}
    assert "This approval took too long" in new_browser().open(back).words
    assert browser.open(proof).status == 400
    token = stranger.open(f"{home.path}/sign-in").page.forms[0].fields["csrf_token"].value
    stranger.post(f"{home.path}/consent/confirm", form | {"csrf_token": token})
    assert stranger.status == 400
    assert consents(home)[0].bound_at is None


def test_refused_state_of_a_consent_is_no_sign_in_and_the_other_way_round(home, way, browser):
    browser.open(given_link(home, way)).submit(press="Start")
    browser.stop_at(way.origin)
    browser.wait()
    state = parse_qs(urlsplit(browser.foreign).query)["state"][0]
    browser.open(f"{home.path}/callback/microsoft?state={state}&error=access_denied")
    assert browser.status == 403
    assert browser.open(f"{home.path}/callback/microsoft?state={state}&code=x").status == 400
    assert way.idp.hits["token"] == 0
    assert not steps.is_signed_in(browser, home)


def test_first_attempt_of_an_admin_starts_the_approval_and_lets_nobody_in_by_itself(
    home, way, entra_peer, database_url, browser, new_browser
):
    directory_of(way, entra_peer)
    steps.enter(browser, home, way)
    assert "Microsoft needs an approval first" in browser.words
    browser.follow("I am an administrator of the directory").submit(press="Start")
    steps.go_along(browser)
    assert "Approved; one word is missing" in browser.words
    waiting = consents(home)[0]
    assert (waiting.directory, waiting.bound_at) == (way.idp.chosen, None)
    outsider = new_browser()
    steps.enter(outsider, home, way)
    assert steps.event_of(outsider, home).cause == "consent_missing"
    assert f"waits {way.idp.chosen} {home.domain}" in command(database_url, home, "microsoft", "--list").output
    home.change(Consent, waiting.id, expires_at=FOREVER)  # commands live in the real present
    assert "may sign in now" in command(database_url, home, "microsoft", "--accept", way.idp.chosen).output
    steps.notice(home)
    assert steps.enter(new_browser(), home, way).at == f"{home.path}/"


def test_ou09_stolen_link_lets_no_directory_in_by_itself(home, way, entra_peer, browser, new_browser):
    """Whoever holds the link may sign in to a directory of their own; its domain is not proven to be this tenant's."""
    directory_of(way, entra_peer)
    other = Way(home, factories.connection(home), None)
    steps.listed(home, f"other-{home.domain}", way=other, proven=True)
    steps.listed(home, f"unproven-{home.domain}", way=way)
    jane = way.idp.person
    for domain in (f"evil-{home.domain}", f"other-{home.domain}", f"unproven-{home.domain}", f"a.{home.domain}", "outlook.com"):
        way.idp.person = Person(jane.email, "Eve", claims={"preferred_username": f"eve@{domain}"})
        link, thief = given_link(home, way), new_browser()
        assert "Approved; one word is missing" in approve(thief, link).words, domain
        assert thief.open(link).status == 410, domain
    assert {row.bound_at for row in consents(home)} == {None}
    way.idp.person = jane
    steps.enter(browser, home, way)
    assert steps.event_of(browser, home).cause == "consent_missing"
    assert mails(home) == []


def test_ou09_word_counts_only_while_the_domain_is_proven(home, way, browser):
    """Between the page that asks and the answer the domain went to another connection."""
    approve(browser, given_link(home, way))
    with home.db.reading() as db:
        row = db.query(Domain).one()
    home.change(Domain, row.id, connection_id=factories.connection(home).id)
    steps.notice(home)
    assert browser.submit(press="Yes, let its people in").status == 400
    assert consents(home)[0].bound_at is None


def test_pi04_directory_that_is_forgotten_takes_everything_with_it(home, way, database_url, new_browser):
    """Two people of two directories: one of these goes, with the sessions and roles that its people had by it."""
    gone, stays = way.idp.chosen, str(uuid4())
    way.change(group_rules=[{"from": "admins", "role": "admin"}, {"from": "staff", "group": "staff"}])
    factories.admin(home)
    browsers = {}
    for directory in (gone, stays):
        consent(home, connection_id=way.row.id, directory=directory, proven_at=home.now, bound_at=home.now, expires_at=FOREVER)
    steps.notice(home)
    way.idp.says(xms_edov=True, groups=["admins", "staff"])
    jane, john = (Person(f"{name}@{home.domain}") for name in ("jane", "john"))
    for directory, name, person in ((gone, "jane", jane), (stays, "john", john)):
        way.idp.chosen, way.idp.person = directory, person
        browsers[name] = steps.enter(new_browser(), home, way)
        assert steps.is_signed_in(browsers[name], home), name
    assert roles(home) == {"jane": "admin", "john": "admin"}
    assert "groups and roles by it: 1" in command(database_url, home, "microsoft", "--forget", gone).output
    steps.notice(home)
    assert [steps.is_signed_in(browsers[name], home) for name in ("jane", "john")] == [False, True]
    assert roles(home) == {"jane": None, "john": "admin"}
    with home.db.reading() as db:
        assert {grant.value for grant in db.query(Grant).where(Grant.source == way.row.id)} == {"admin", "staff"}
    # Back again, its people are who they were, with what the directory gives them.
    consent(home, connection_id=way.row.id, directory=gone, proven_at=home.now, bound_at=home.now, expires_at=FOREVER)
    with home.db.writing() as db:
        db.touch_configuration()
    steps.notice(home)
    way.idp.chosen, way.idp.person = gone, jane
    assert steps.is_signed_in(steps.enter(new_browser(), home, way), home)
    assert roles(home) == {"jane": "admin", "john": "admin"}


def roles(home) -> dict[str, str | None]:
    with home.db.reading() as db:
        accounts = db.query(Account).where(Account.id.in_(select(Identity.account_id))).all()
        return {account.email.partition("@")[0]: account.role for account in accounts}


def test_op02_failed_approval_tells_no_secret_and_is_no_fault_of_the_connection(home, way, browser):
    """Anybody may begin one, and bring back whatever they like."""
    for cause, said in (("consent_missing", f"error=consent_required&error_description={described(65001, '%s')}"), ("", "x=y")):
        browser.open(f"{home.path}/consent/at/microsoft").submit(press="Start").stop_at(way.origin)
        browser.wait()
        state = parse_qs(urlsplit(browser.foreign).query)["state"][0]
        browser.open(f"{home.path}/callback/microsoft?state={state}&{said.replace('%s', state)}")
        event = steps.event_of(browser, home)
        assert event.cause == (cause or "upstream_response_invalid")
        assert state not in str(event.detail), cause
    with home.db.reading() as db:
        assert [one.failures for one in db.query(ConnectionHealth)] == [0]


def test_directory_that_is_named_needs_no_further_word(home, entra_peer, database_url, browser, new_browser):
    way = shared_entra_of(home, entra_peer, "pinned")
    application = entra_peer._applications[way.idp.client_id]
    way.idp.keys = application.keys
    steps.listed(home, way=way, proven=True)
    way.idp.person = Person(f"jane@{home.domain}")
    way.idp.refuses("interaction_required", 65001)
    steps.enter(browser, home, way)
    browser.follow("I am an administrator of the directory")
    way.idp._error = {}
    browser.submit(press="Start")
    steps.go_along(browser)
    assert application.seen["adminconsent"]["path"] == f"/{way.idp.directory}/v2.0/adminconsent"
    assert "Approved" in browser.words
    assert consents(home)[0].bound_at is None
    inside = steps.enter(new_browser(), home, way)
    assert "is named by the connection itself" in command(database_url, home, "pinned", "--forget", way.idp.directory).output
    assert steps.is_signed_in(inside, home)


def test_directory_beside_the_one_that_is_named_stays_out(home, entra_peer, browser):
    way = shared_entra_of(home, entra_peer, "pinned")
    application = entra_peer._applications[way.idp.client_id]
    application.chosen = str(uuid4())
    way.idp.says(tid=application.chosen, iss=f"{way.origin}/{application.chosen}/v2.0")
    approve(browser, given_link(home, way))
    assert "That account belongs to another organization" in browser.words
    assert consents(home)[0].proven_at is None


def test_pages_and_commands_for_what_has_no_consent(home, way, google_peer, database_url, browser):
    steps.google_way(home, google_peer)
    steps.notice(home)
    for path in ("/consent/none", "/consent/at/google", "/consent/at/none"):
        assert browser.open(f"{home.path}{path}").status in {404, 410}, path
    for arguments, words in (
        (("google",), "knows no consent"),
        (("none",), "no such connection"),
        (("microsoft", "--accept", str(uuid4())), "Nobody of this directory"),
        (("microsoft", "--forget", str(uuid4())), "has not come in by consent"),
    ):
        assert words in command(database_url, home, *arguments).output, arguments
    assert "No directory has come by consent." in command(database_url, home, "microsoft", "--list").output
