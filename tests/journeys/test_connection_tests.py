"""An admin tests a way in before anybody uses it: by a link, at the real provider, with nothing changed afterwards (U7)."""

import json

import pytest

from tenants.audit import Event
from tenants.connection_tests import ConnectionTest
from tests import factories
from tests.peers.people import Person
from tests.support import steps
from tests.support.testing_ways import command_of, done, draft, link_of, take, taken, untouched, versions_of


@pytest.fixture
def home(broker):
    return factories.tenant(broker, sign_in_page="buttons")


@pytest.fixture
def way(home, oidc_peer):
    return steps.janes_way(home, oidc_peer)


@pytest.fixture
def command(home, database_url):
    return command_of(home, database_url)


def test_a_draft_is_tested_claim_by_claim_then_activated_and_rolled_back(home, way, command, browser, tmp_path):
    """From the values in force by a draft with another rule to a test that worked, and back."""
    assert draft(command, tmp_path, way.key, groups_claim="teams", provisioning="existing") == 2
    assert versions_of(home) == [(1, "active"), (2, "draft")]
    refused = command("activate", way.key, 2)
    assert (refused.exit_code, "No test sign-in with version 2 has worked yet" in refused.stderr) == (1, True)
    done(command("compare", way.key, "2"))
    before = untouched(home)

    take(browser, link_of(command, way.key))
    assert browser.page.title.startswith("The test sign-in failed")
    for words in ("You have no account here yet", "Invite this person", f"jane@{home.domain}", "teams not sent groups"):
        assert words in browser.words, words
    assert not browser.cookie("sid")
    assert untouched(home) == before
    assert versions_of(home) == [(1, "active"), (2, "draft")]

    factories.account(home, f"jane@{home.domain}", with_password=False, with_totp=False)
    way.idp.says(teams=["staff"], secret_note="canary-token")
    before = untouched(home)
    take(browser, link_of(command, way.key))
    assert browser.page.title.startswith("The test sign-in worked")
    for words in (
        f"Would be asked to prove the account jane@{home.domain} once",
        f"{home.domain} is proven and belongs to this connection.",
        "staff: no rule names it.",
        "teams staff groups",
        f"email jane@{home.domain} e-mail address",
        "does not count as a second factor",
    ):
        assert words in browser.words, words
    assert untouched(home) == before
    assert versions_of(home) == [(1, "active"), (2, "tested")]
    told = steps.events(home, Event.CONNECTION_TESTED)
    assert {one.cause for one in told} == {"account_unknown", None}
    listed = done(command("tests", way.key, "--claims"))
    assert "version 2: worked, ask" in listed
    assert "failed, account_unknown" in listed
    assert "teams = staff [groups]" in listed

    assert "groups_claim: - → teams" in done(command("activate", way.key, "2"))
    assert versions_of(home) == [(1, "retired"), (2, "active")]
    assert "Version 3 is in force, with the values of 1" in done(command("roll-back", way.key, "1"))
    assert versions_of(home) == [(1, "retired"), (2, "retired"), (3, "active")]
    assert "They are the same" in done(command("compare", way.key, "1", "3"))


def test_each_kind_says_what_it_reads(home, command, browser, entra_peer, google_peer, saml_peer):
    """A test of the values in force: the same page for every kind, with the claim that it knows a person by."""
    entra = steps.entra_way(home, entra_peer)
    google = steps.google_way(home, google_peer)
    saml = steps.saml_way(home, saml_peer)
    for way, subject in ((entra, "oid"), (google, "sub")):
        way.idp.person = Person(f"jane@{home.domain}", "Jane", "Doe", claims={"hd": home.domain})
        take(browser, link_of(command, way.key))
        result = taken(home)[-1].result
        used = {one["name"]: one.get("use", "") for one in result["claims"]}
        assert (used[subject], used["email"]) == ("subject", "email"), (way.key, result)
        steps.notice(home)
    saml.idp.person = Person(f"jane@{home.domain}", "Jane", "Doe")
    browser.open(link_of(command, saml.key)).submit(press="Start")
    steps.go_along(browser).submit(press="Continue")
    result = taken(home)[-1].result
    used = {one["name"]: one.get("use", "") for one in result["claims"]}
    assert {"email", "given_name", "family_name"} <= set(used.values()), used


def test_a_new_connection_is_drafted_tested_and_shown_in_the_end(home, command, browser, oidc_peer, new_browser, tmp_path):
    idp = oidc_peer.issuer()
    factories.account(home, role="owner")
    (tmp_path / "secret").write_text(idp.client_secret, encoding="utf-8")
    number = draft(
        command,
        tmp_path,
        "fresh",
        kind="oidc",
        label="Fresh login",
        issuer=idp.issuer,
        client_id=idp.client_id,
        client_secret={"file": "secret"},
        provisioning="just_in_time",
    )
    steps.notice(home)
    assert number == 1
    assert "off, no version in force; waiting: 1" in done(command("list"))
    assert "No version of this connection is in force" in command("switch", "fresh", "on").stderr
    steps.listed(home, proven=True)
    take(browser, link_of(command, "fresh"))
    assert "nobody vouches for the address" in browser.words
    done(command("activate", "fresh", "1", "--untested"))
    assert "Fresh login" not in new_browser().open(f"{home.path}/sign-in").words
    done(command("switch", "fresh", "on"))
    steps.notice(home)
    assert "Fresh login" in new_browser().open(f"{home.path}/sign-in").words
    assert idp.client_secret not in done(command("show", "fresh")) + done(command("versions", "fresh"))
    assert idp.client_secret not in str([one.detail for one in steps.events(home)])


def test_what_fails_says_why_and_what_to_do(home, way, command, browser, tmp_path):
    """One loop over what goes wrong: each ends at the page of the result, with its cause noted and nothing touched."""
    misbehaviour = {
        "wrong nonce": (lambda idp: idp.wrong_nonce(), "upstream_response_invalid", "Compare it with"),
        "expired": (lambda idp: idp.says(nonce=None).expired(), "upstream_response_invalid", "Compare it with"),
        "wrong secret": (None, "connection_misconfigured", "Compare client id"),
        "no provider": (None, "upstream_unreachable", "Check the address"),
    }
    for name, (spoil, cause, advice) in misbehaviour.items():
        if spoil:
            spoil(way.idp)
        elif name == "wrong secret":
            (tmp_path / "wrong").write_text("another-secret", encoding="utf-8")
            draft(command, tmp_path, way.key, client_secret={"file": "wrong"})
        else:
            draft(command, tmp_path, way.key, issuer="https://nobody.example")
        before = untouched(home)
        take(browser, link_of(command, way.key))
        assert browser.page.title.startswith("The test sign-in failed"), (name, browser.words)
        assert taken(home)[-1].cause == cause, (name, taken(home)[-1].cause)
        assert advice in browser.words, (name, browser.words)
        assert untouched(home) == before, name
        steps.notice(home)


def test_a_person_who_stops_at_the_provider_ends_the_test(home, way, command, browser):
    way.idp.error_callback("access_denied", "The person said no")
    take(browser, link_of(command, way.key))
    [test] = taken(home)
    assert test.cause == "upstream_denied"
    assert "Somebody stopped at the provider" in browser.words
    assert "canary" not in json.dumps(test.result)
    assert isinstance(test, ConnectionTest)
