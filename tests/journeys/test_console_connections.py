"""From an empty tenant to a connection that was tested and is on, in the console; and what the console refuses."""

import re
from dataclasses import dataclass, field

import pytest
from sqlalchemy import select

from tenants.audit import Event
from tenants.connection_versions import ConnectionVersion
from tenants.connections import Connection
from tenants.domains import Domain
from tests import factories
from tests.browser import Browser
from tests.peers.entra import EntraPeer
from tests.peers.people import Person
from tests.support import steps
from tests.support.console import as_admin, signed_in
from tests.support.doors import SECRET, go_through
from tests.support.linking import ASKS, proven
from tests.support.rows import backdoor, door_holder, stored
from tests.support.wiring import ORIGIN, SHARED_ENTRA, SHARED_GOOGLE

SENT = {"label": "Way", "provisioning": "invited", "client_id": "x", "client_secret": "y"}
PUBLIC_CLOUD = "https://login.microsoftonline.com"
MOST_CLICKS = 9
"""Beside pasting: "under ten"."""


@pytest.fixture
def home(broker):
    return factories.tenant(broker)


@pytest.fixture
def ada(home):
    return factories.account(home, role="owner")


@pytest.fixture
def at_console(browser, home, ada):
    return as_admin(browser, home, ada)


@pytest.fixture(scope="module")
def public_cloud(broker, clock):
    peer = EntraPeer(PUBLIC_CLOUD, clock)
    broker.ports.http.open(PUBLIC_CLOUD, peer)
    return peer


@dataclass
class Hand:
    """Presses, and counts how often."""

    browser: Browser
    presses: list[str] = field(default_factory=list)

    def follow(self, label: str) -> None:
        self.presses.append(label)
        self.browser.follow(label)

    def press(self, label: str, **pasted: str) -> None:
        self.presses.append(label)
        self.browser.submit(pasted, press=label)
        steps.go_along(self.browser)


def entra(home, peers):
    directory = peers["entra"].directory()
    pasted = {"directory": directory.directory, "client_id": directory.client_id, "client_secret": directory.client_secret}
    return directory, "Microsoft Entra", pasted


def google(home, peers):
    client = peers["google"].client()
    return client, "Google Workspace", {
        "domains": home.domain, "client_id": client.client_id, "client_secret": client.client_secret,
    }  # fmt: skip


def google_shared(home, peers):
    client = peers["google"].client(SHARED_GOOGLE)
    return client, "Google Workspace, without a client", {"domains": home.domain}


def oidc(home, peers):
    issuer = peers["oidc"].issuer()
    return issuer, "Any OpenID Connect provider", {
        "issuer": issuer.issuer, "client_id": issuer.client_id, "client_secret": issuer.client_secret,
    }  # fmt: skip


def saml(home, peers):
    provider = peers["saml"].provider()
    return provider, "SAML 2.0", {"metadata_url": provider.entity_id, "attributes": "okta"}


def saml_file(home, peers):
    provider = peers["saml"].provider()
    return provider, "SAML 2.0", {"idp_metadata": provider.metadata(), "attributes": "okta"}


@pytest.mark.parametrize("product", [entra, google, google_shared, oidc, saml, saml_file])
def test_from_nothing_to_a_tested_connection_that_is_on(
    app, home, at_console, public_cloud, google_peer, oidc_peer, saml_peer, product
):
    peers = {"entra": public_cloud, "google": google_peer, "oidc": oidc_peer, "saml": saml_peer}
    at_console._apps[PUBLIC_CLOUD] = public_cloud
    idp, name, pasted = product(home, peers)
    idp.person = Person(f"jane@{home.domain}", "Jane", "Doe", claims={"hd": home.domain, "xms_edov": True})
    jane = factories.account(home, f"jane@{home.domain}")
    steps.listed(home, proven=True)
    hand = Hand(at_console)
    hand.follow("Connections")
    assert "Connect your first identity provider" in at_console.words
    hand.follow("Add a connection")
    is_shared = "without" in name
    link = next(one for one in at_console.page.links if one.label.startswith(name) and ("without" in one.label) is is_shared)
    hand.follow(link.href)
    copied = [f"{home.url}/", "/metadata" if name.startswith("SAML") else "/callback/"]
    assert all(part in at_console.text for part in copied) is not is_shared, "nothing is registered for a shared one"
    hand.press("Save and test sign-in", **pasted)
    if name.startswith("SAML"):
        at_console.submit(press="Continue")  # the simulated provider's own page
    assert at_console.title.startswith("The test sign-in worked"), at_console.words
    assert f"jane@{home.domain}" in at_console.words
    hand.press("Switch on this connection")
    assert "It is on. People see it from now on." in at_console.words
    assert len(hand.presses) <= MOST_CLICKS, hand.presses
    employee_signs_in(app, home, idp, jane, at_console)


def employee_signs_in(app, home, idp, jane, admin):
    """By the button; whose address nobody vouches for proves once that the account is theirs."""
    steps.notice(home)
    (row,) = stored(home, Connection)
    browser = Browser(app, ORIGIN, others={url: peer for url, peer in admin._apps.items() if url != ORIGIN})
    enter = steps.enter_by_saml if row.kind == "saml" else steps.enter
    enter(browser, home, steps.Way(home, row, idp))
    if ASKS in browser.words:
        proven(browser, home, jane).submit(press="Link and continue")
    assert steps.is_signed_in(browser, home)


# what is typed wrongly


def test_what_is_wrong_is_said_at_its_field_and_nothing_is_kept(home, at_console):
    at_console.open(f"{home.path}/console/add-connection/microsoft")
    at_console.submit(
        {"directory": "acme", "client_id": "acme-login", "client_secret": "s3cret"}, press="Save and test sign-in"
    )
    assert (at_console.status, at_console.title.startswith("Error: ")) == (400, True)
    assert at_console.text.count('aria-invalid="true"') == 2
    assert 'value="acme"' in at_console.text
    assert "s3cret" not in at_console.text
    assert stored(home, Connection) == []


@pytest.mark.parametrize(
    ("issuer", "said"),
    [
        ("https://169.254.169.254/latest", "169.254.169.254"),
        ("https://nobody.example", "could not"),
        ("http://idp.example", "https"),
        ("https://accounts.google.com", "a kind of its own"),
    ],
    ids=["an address inside (IN-01)", "nobody there", "no https", "google by another name"],
)
def test_in01_provider_is_looked_at_before_anybody_is_sent_there(home, at_console, issuer, said):
    at_console.open(f"{home.path}/console/add-connection/oidc")
    at_console.submit({"issuer": issuer, "client_id": "x", "client_secret": "y"}, press="Save and test sign-in")
    assert at_console.status in {400, 409}
    assert at_console.foreign is None
    assert "Would" not in at_console.words


def test_ac10_fields_that_no_form_has_are_not_taken(home, at_console, oidc_peer):
    issuer = oidc_peer.issuer()
    at_console.open(f"{home.path}/console/add-connection/oidc")
    token = re.search(r'name="csrf_token" value="([^"]+)"', at_console.text)[1]
    sent = SENT | {"csrf_token": token, "key": "oidc", "issuer": issuer.issuer}
    extra = {
        "is_enabled": "yes",
        "enabled": "yes",
        "version": "9",
        "tenant_id": "ten_x",
        "is_file_managed": "yes",
        "later": "yes",
    }
    at_console.post(f"{home.path}/console/add-connection/oidc", sent | extra)
    (row,) = stored(home, Connection)
    assert (row.is_enabled, row.version, row.is_file_managed, row.tenant_id) == (False, 0, False, home.id)


def test_new_connection_gets_only_domains_that_are_proven_and_of_no_other(home, at_console, oidc_peer):
    issuer, other = oidc_peer.issuer(), factories.connection(home)
    free, unproven, taken, filed = (f"{name}.{home.domain}" for name in ("free", "unproven", "taken", "filed"))
    for name in (free, taken, filed):
        steps.listed(home, name, proven=True)
    steps.listed(home, unproven)
    rows = {row.name: row.id for row in stored(home, Domain)}
    home.change(Domain, rows[taken], connection_id=other.id)
    home.change(Domain, rows[filed], is_file_managed=True)
    steps.notice(home)
    at_console.open(f"{home.path}/console/add-connection/oidc")
    assert (free in at_console.text, "checked" in at_console.text) == (True, False), "it is not the first connection"
    assert not [name for name in (unproven, taken, filed) if name in at_console.text]
    token = re.search(r'name="csrf_token" value="([^"]+)"', at_console.text)[1]
    sent = SENT | {"csrf_token": token, "key": "oidc", "issuer": issuer.issuer, "people_of": list(rows), "later": "yes"}
    at_console.post(f"{home.path}/console/add-connection/oidc", sent)
    (made,) = stored(home, Connection, key="oidc")
    bound = {row.name: row.connection_id for row in stored(home, Domain)}
    assert bound == {free: made.id, unproven: None, taken: other.id, filed: None}
    (told,) = [one for one in steps.events(home, Event.CONFIGURATION_CHANGED) if one.detail["path"] == f"domains.{free}"]
    assert (told.detail["before connection"], told.detail["after connection"]) == ("-", "oidc")


def test_test_without_an_approval_leads_to_the_page_of_approvals(home, at_console, entra_peer):
    entra_peer.application(SHARED_ENTRA)
    at_console.open(f"{home.path}/console/add-connection/microsoft-shared").submit(press="Save and finish later")
    steps.go_along(at_console.submit(press="Test sign-in"))
    assert "An admin of the directory has to consent" in at_console.words, at_console
    at_console.follow("Approval by a directory").submit(press="Make a link for that admin")
    assert "Send this link to the admin of the directory" in at_console.words


@pytest.mark.parametrize("key", ["door", "idp", "microsoft", "oidc-x", "../x", "oidc-99999999"])
def test_key_is_what_the_page_has_shown(home, at_console, oidc_peer, key):
    at_console.open(f"{home.path}/console/add-connection/oidc")
    token = re.search(r'name="csrf_token" value="([^"]+)"', at_console.text)[1]
    sent = SENT | {"csrf_token": token, "key": key, "issuer": "https://x.example"}
    at_console.post(f"{home.path}/console/add-connection/oidc", sent | {"later": "yes"})
    assert at_console.status == 409
    assert stored(home, Connection) == []


# changing


@pytest.fixture
def way(home, oidc_peer):
    return steps.janes_way(home, oidc_peer)


def test_names_change_at_once_and_values_become_a_draft(home, way, at_console):
    at_console.open(f"{home.path}/console/connections/{way.key}/edit").submit(label="Acme login", press="Save")
    assert "Saved." in at_console.words
    assert stored(home, Connection)[0].label == "Acme login"
    at_console.open(f"{home.path}/console/connections/{way.key}/edit").submit(client_id="other", press="Save")
    assert "Saved as a draft" in at_console.words
    (row,) = stored(home, Connection)
    assert (row.version, row.options["client_id"]) == (1, way.idp.client_id)
    at_console.follow("See what it changes")
    assert f"client_id {way.idp.client_id} other" in at_console.words
    changes = steps.events(home, Event.CONFIGURATION_CHANGED)
    told = {one.detail["what"]: one.detail for one in changes}
    assert set(told) == {"changed", "draft saved"}
    assert (told["changed"]["before label"], told["changed"]["after label"]) == ("Acme SSO", "Acme login")
    assert way.idp.client_secret not in str([one.detail for one in changes])


def test_ac09_draft_comes_into_force_by_a_test_that_worked_only(home, way, at_console):
    at_console.open(f"{home.path}/console/connections/{way.key}/edit").submit(groups_claim="teams", press="Save")
    token = re.search(r'name="csrf_token" value="([^"]+)"', at_console.text)[1]
    at_console.post(
        f"{home.path}/console/connections/{way.key}/activate", {"csrf_token": token, "number": "2", "untested": "yes"}
    )
    assert (at_console.status, "No test sign-in with version 2 has worked yet" in at_console.words) == (409, True)
    at_console.open(f"{home.path}/console/connections/{way.key}").submit(press="Test sign-in")
    steps.go_along(at_console)
    assert at_console.title.startswith("The test sign-in worked")
    at_console.submit(press="Put this version in force")
    assert "This version is in force" in at_console.words
    at_console.open(f"{home.path}/console/connections/{way.key}/versions/1").submit(press="Roll back to this version")
    assert "The values of before are in force again." in at_console.words
    with home.db.reading() as db:
        states = [one.state for one in db.scalars(select(ConnectionVersion).order_by(ConnectionVersion.number))]
    assert states == ["retired", "retired", "active"]


def test_second_of_two_who_change_it_is_told_and_overwrites_nothing(home, way, at_console, new_browser):
    path = f"{home.path}/console/connections/{way.key}/edit"
    ben = factories.account(home, role="admin")
    other = as_admin(new_browser(), home, ben).open(path)
    at_console.open(path).submit(label="Ada was first", press="Save")
    other.submit(label="Ben was second", press="Save")
    assert other.status == 409
    assert "changed this meanwhile" in other.words
    assert 'value="Ben was second"' in other.text
    assert stored(home, Connection)[0].label == "Ada was first"
    other.submit(press="Save")
    assert stored(home, Connection)[0].label == "Ben was second"


def test_what_a_file_manages_is_shown_and_refused(home, way, at_console):
    way.change(is_file_managed=True)
    at_console.open(f"{home.path}/console/connections/{way.key}")
    assert "A tenants file manages this" in at_console.words
    assert "Switch off …" not in at_console.words
    token = re.search(r'name="csrf_token" value="([^"]+)"', at_console.text)[1]
    for what in ("edit", "off", "on", "activate", "roll-back", "groups"):
        at_console.post(f"{home.path}/console/connections/{way.key}/{what}", {"csrf_token": token, "seen": "x", "number": "1"})
        assert at_console.status in {403, 409}, what
    assert stored(home, Connection)[0].is_enabled


def test_switching_off_says_whom_it_shuts_out(home, way, at_console, new_browser):
    steps.enter(new_browser(), home, way)
    at_console.open(f"{home.path}/console/connections/{way.key}").follow("Switch off …")
    assert "1 people have no other way to sign in." in at_console.words
    at_console.submit(press="Switch off, and shut 1 people out")
    assert "Nobody can sign in by it any more." in at_console.words
    assert not stored(home, Connection)[0].is_enabled


def test_ac06_last_way_in_stays(broker, new_browser, oidc_peer):
    home = factories.tenant(broker, local_enabled=False)
    way = steps.janes_way(home, oidc_peer)
    jane = factories.account(home, f"jane@{home.domain}", role="owner", with_password=False, with_totp=False)
    factories.identity(home, jane.id, connection_id=way.row.id, issuer=way.idp.issuer, subject=way.idp.person.subject)
    browser = new_browser()
    steps.enter(browser, home, way)
    browser.open(f"{home.path}/console/connections/{way.key}/off").submit(press="Switch off, and shut 1 people out")
    assert browser.status == 409
    assert "would have a way in any more" in browser.words
    assert stored(home, Connection)[0].is_enabled


def test_order_of_the_buttons(home, way, at_console):
    factories.connection(home, "zz", label="Later", position=7)
    at_console.open(f"{home.path}/console/connections").submit(press="Up Later")
    assert [one.key for one in sorted(stored(home, Connection), key=lambda one: one.position)] == ["zz", way.key]


def test_rules_for_groups_show_who_gains_before_they_count(home, way, at_console, new_browser):
    way.idp.says(groups=["Staff"])
    steps.enter(new_browser(), home, way)
    path = f"{home.path}/console/connections/{way.key}/groups"
    at_console.open(path).submit(rules="Staff => employees [root]", press="Show who gains and who loses")
    assert (at_console.status, "Line 1:" in at_console.words) == (400, True)
    at_console.submit(rules="Staff => employees [helpdesk]", press="Show who gains and who loses")
    assert "1 of 1 people would change" in at_console.words
    assert f"jane@{home.domain}employees–none → helpdesk" in at_console.words
    at_console.submit(press="Save the rules")
    assert stored(home, Connection)[0].group_rules == [{"from": "Staff", "group": "employees", "role": "helpdesk"}]


def test_ac07_emergency_access_proves_itself_anew_for_a_change(home, way, browser):
    backdoor(home, SECRET)
    holder = door_holder(home)
    steps.notice(home)
    go_through(browser, home, holder)
    assert browser.open(f"{home.path}/console/connections/{way.key}/off").status == 200
    home.broker.ports.clock.advance(minutes=11)
    browser.open(f"{home.path}/console/connections/{way.key}/off")
    assert browser.path == f"{home.path}/console/confirm"
    code = holder.code(home.broker.ports.clock.advance(seconds=60))
    browser.submit(email=holder.email, password=holder.password, code=code)
    assert browser.at == f"{home.path}/console/connections/{way.key}/off"


def test_auditor_sees_connections_and_is_offered_no_change(app, home, way):
    auditor = signed_in(app, home, "auditor")
    page = auditor.get(f"{home.path}/console/connections/{way.key}", base_url=ORIGIN).text
    assert "How it is set up" in page
    assert way.idp.client_secret not in page
    assert not {"Switch off …", ">Change<", "Test sign-in<"} & {part for part in ("Switch off …", ">Change<") if part in page}
