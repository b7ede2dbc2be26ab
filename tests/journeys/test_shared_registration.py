"""Signing in with the operator's registrations at Microsoft and Google (T2), by their one return address each."""

from urllib.parse import parse_qs, urlsplit

import pytest
from pydantic import ValidationError

from broker.shared_registrations import shared_registrations
from tenants.audit import Event
from tenants.ids import new_id
from tests import factories
from tests.browser import Browser
from tests.peers.google import workspace_person
from tests.peers.people import Person
from tests.support import commands, steps
from tests.support.client_keys import client_key
from tests.support.shared import shared_entra, shared_entra_of, shared_google
from tests.support.wiring import ORIGIN, SHARED_ENTRA, make_settings


@pytest.fixture
def home(broker):
    return factories.tenant(broker)


def test_microsoft_comes_back_by_the_main_host(home, entra_peer, browser):
    way = shared_entra_of(home, entra_peer)
    steps.listed(home, way=way, proven=True)
    way.idp.person = Person(f"jane@{home.domain}", "Jane", "Doe")
    steps.enter(browser, home, way)
    assert browser.at == f"{home.path}/"
    assert [hop.split("?")[0] for hop in browser.hops[-3:]] == [
        "GET /callback/entra",
        f"GET {home.path}/callback/microsoft",
        f"GET {home.path}/",
    ]
    assert way.idp.seen["authorize"]["redirect_uri"] == way.idp.seen["token"]["redirect_uri"] == f"{ORIGIN}/callback/entra"
    assert way.idp.seen["authorize"]["client_id"] == SHARED_ENTRA
    assert len(steps.events(home, Event.LOGIN_SUCCEEDED)) == 1


def test_google_comes_back_by_the_main_host_to_a_tenant_with_a_host_of_its_own(app, broker, google_peer):
    home = factories.tenant(broker, host=f"{new_id('x')[2:12]}.localhost")
    way = shared_google(home, google_peer)
    steps.listed(home)
    way.idp.person = workspace_person(f"jane@{home.domain}", "Jane")
    browser = Browser(app, home.url, others={ORIGIN: app, google_peer.origin: google_peer})
    steps.enter(browser, home, way)
    assert browser.url == f"{home.url}/"
    assert way.idp.seen["token"]["redirect_uri"] == f"{ORIGIN}/callback/google"


def test_secondary_domain_of_a_workspace_needs_to_be_on_the_list_as_well(home, google_peer, browser, new_browser):
    way = shared_google(home, google_peer)
    steps.listed(home)
    way.idp.person = workspace_person(f"jane@studio-{home.domain}", "Jane", hd=home.domain)
    steps.enter(browser, home, way)
    assert steps.event_of(browser, home).cause == "domain_not_allowed"
    steps.listed(home, f"studio-{home.domain}")
    other = new_browser()
    assert steps.enter(other, home, way).at == f"{home.path}/"


def test_refusal_comes_back_to_the_tenant_too(home, entra_peer, browser):
    way = shared_entra_of(home, entra_peer)
    way.idp.refuses("access_denied", 50105)
    steps.enter(browser, home, way)
    assert "Microsoft says you aren’t on the list" in browser.words
    assert steps.event_of(browser, home).connection_id == way.row.id


def test_connection_without_the_operators_registration_says_so(broker, entra_peer, browser):
    home = factories.tenant(broker)
    way = shared_entra_of(home, entra_peer)
    kept = broker.shared.pop("entra")
    try:
        steps.enter(browser, home, way)
    finally:
        broker.shared["entra"] = kept
    event = steps.event_of(browser, home)
    assert (event.cause, event.detail["detail"]) == ("connection_misconfigured", "no_shared_registration")
    assert "This way to sign in isn’t set up correctly" in browser.words


def test_any_work_account_lets_in_who_is_on_the_list_and_no_address_without_its_owner(home, entra_peer, browser, new_browser):
    """OU-10: the domain is this tenant's, but a foreign directory only says that the address is."""
    way = shared_entra(home, entra_peer, any_work_account=True)
    steps.listed(home, way=way, proven=True)
    way.idp.person = Person(f"ceo@{home.domain}", "Eve", "Evil")
    steps.enter(browser, home, way)
    assert steps.event_of(browser, home).cause == "email_unverified"
    way.idp.says(xms_edov=True)
    assert steps.enter(new_browser(), home, way).at == f"{home.path}/"


def test_ou10_same_address_from_another_directory_is_another_person(home, entra_peer, browser, new_browser):
    way = shared_entra(home, entra_peer, any_work_account=True)
    steps.listed(home)
    way.idp.says(xms_edov=True)
    person = way.idp.person = Person(f"jane@{home.domain}", "Jane")
    assert steps.enter(browser, home, way).at == f"{home.path}/"
    way.idp.chosen = "0a0a0a0a-1111-2222-3333-444444444444"
    other = new_browser()
    steps.enter(other, home, way)
    event = steps.event_of(other, home)
    assert (event.cause, event.event) == ("link_required", Event.IDENTITY_CONFLICT)
    assert event.detail["subject"] == f"{person.subject[:8]}-{person.subject[8:12]}-" + event.detail["subject"][14:]
    assert not steps.is_signed_in(other, home)


def test_file_needs_no_id_and_no_secret(database_url, tmp_path):
    file = tmp_path / "tenants.toml"
    file.write_text(
        '[tenants.sharing]\nname = "Acme"\n'
        '[tenants.sharing.connections.entra]\nkind = "entra"\nlabel = "Microsoft"\nregistration = "shared"\n'
        '[tenants.sharing.connections.google]\nkind = "google"\nlabel = "Google"\nregistration = "shared"\n'
        'domains = ["acme.example"]\n'
    )
    applied = commands.run("apply", file, **commands.environment(database_url))
    assert applied.exit_code == 0, applied.output
    file.write_text(file.read_text().replace('registration = "shared"\ndomains', 'registration = "own"\ndomains'))
    refused = commands.run("apply", file, **commands.environment(database_url))
    assert "connections.google: needs client_id and client_secret." in refused.output


def test_state_of_a_shared_sign_in_tells_nobody_anything(home, entra_peer, browser):
    way = shared_entra_of(home, entra_peer)
    browser.stop_at(way.origin)
    steps.enter(browser, home, way)
    state = parse_qs(urlsplit(browser.foreign).query)["state"][0]
    assert len(state) < 400
    assert home.slug not in state


def test_settings_of_a_registration_that_is_not_whole_are_refused(tmp_path):
    pair = client_key()
    (tmp_path / "key.pem").write_text(pair.private_pem)
    (tmp_path / "certificate.pem").write_text(pair.certificate_pem)
    files = {"entra_key_file": str(tmp_path / "key.pem"), "entra_certificate_file": str(tmp_path / "certificate.pem")}
    none = {"entra_client_secret": "", "google_client_id": "", "google_client_secret": ""}
    found = shared_registrations(make_settings("sqlite://", **none, **files))
    assert (found.keys(), found["entra"].private_key, found["entra"].client_secret) == ({"entra"}, pair.private_pem, "")
    for wrong in (
        {"entra_client_id": ""},
        {"entra_client_secret": ""},
        {"google_client_id": ""},
        {"google_client_secret": ""},
        files,
        none | {"entra_key_file": files["entra_key_file"]},
        none | files | {"entra_key_file": files["entra_certificate_file"]},
        none | files | {"entra_key_file": str(tmp_path / "none.pem")},
    ):
        with pytest.raises(ValidationError):
            make_settings("sqlite://", **wrong)
