"""A tenant's own SAML key changes over while people sign in, and nobody is locked out."""

import pytest
from cryptography.exceptions import InvalidSignature
from lxml import etree

from tenants.audit import Event
from tests import factories
from tests.peers.people import Person
from tests.peers.saml_messages import MD
from tests.support import steps
from tests.support.commands import environment, run
from tests.support.saml_app import SamlApp


@pytest.fixture
def home(broker):
    return factories.tenant(broker, local_enabled=False, sign_in_page="email_first")


@pytest.fixture
def way(home, saml_peer):
    made = steps.saml_way(home, saml_peer)
    steps.listed(home, way=made, proven=True)
    made.idp.person = Person(f"jane@{home.domain}", "Jane", "Doe")
    return made


@pytest.fixture
def keys(home, database_url):
    """`broker keys` for the tenant of the test; the product notices at once."""

    def command(what, *more, answer=None):
        result = run("keys", what, home.slug, *more, answer=answer, **environment(database_url))
        steps.notice(home)
        return result

    return command


def metadata(browser, home, way, **headers):
    return browser.open(f"{home.path}/saml/{way.key}/metadata", **headers).response.data


def is_let_in(browser, home, way):
    browser.forget_cookies()
    steps.enter_by_saml(browser, home, way)
    return browser.at == f"{home.path}/"


def test_key_changes_over_while_people_sign_in(home, way, keys, browser):
    old = metadata(browser, home, way)
    way.idp.learns(old).encrypts()
    assert is_let_in(browser, home, way)
    assert keys("roll").exit_code == 0
    assert "two keys already" in keys("roll").output
    assert is_let_in(browser, home, way), "nothing is signed with it yet"
    assert "company: not fetched yet" in keys("list").output
    both = metadata(browser, home, way)
    assert both.count(b'use="signing"') == 2
    assert "not fetched yet" not in keys("list").output

    assert keys("use").exit_code == 0
    browser.forget_cookies()
    with pytest.raises(InvalidSignature):
        steps.enter_by_saml(browser, home, way)
    way.idp.learns(both)
    way.idp._sp.find(f"{{{MD}}}SPSSODescriptor").remove(way.idp._sp.find(f".//{{{MD}}}KeyDescriptor"))
    assert is_let_in(browser, home, way), "it verifies with the new key and encrypts to the old one still"

    assert keys("retire", answer="n\n").exit_code != 0
    assert keys("retire", "--yes").exit_code == 0
    assert metadata(browser, home, way).count(b'use="signing"') == 1
    assert not is_let_in(browser, home, way)
    assert steps.event_of(browser, home).detail["detail"] == "decryption"
    way.idp.learns(metadata(browser, home, way))
    assert is_let_in(browser, home, way)
    assert "one key only" in keys("retire", "--yes").output
    assert "one key only" in keys("use", "--yes").output
    told = [event.detail["what"] for event in steps.events(home, Event.SIGNING_KEY_CHANGED)]
    assert told == ["published", "used", "retired"]


def test_who_has_not_fetched_the_new_key_is_named_before_it_signs(home, way, keys, browser):
    keys("roll")
    metadata(browser, home, way, sec_fetch_mode="navigate")
    asked = keys("use", answer="n\n")
    assert asked.exit_code != 0
    assert "Not seen fetching it: company" in asked.output
    metadata(browser, home, way, user_agent="AD FS\x07 fetcher")
    told = keys("list").output
    assert told.count("company: fetched on") == 2
    assert "AD FS  fetcher" in told or "AD FS" in told
    assert keys("use").exit_code == 0


def test_fetching_is_written_once_for_each_key(home, way, keys, browser, count_statements):
    metadata(browser, home, way)
    with count_statements() as count:
        for _ in range(3):
            metadata(browser, home, way)
    assert count.commits == 0


def test_key_for_applications_changes_over_with_two_certificates_in_between(app, home, keys):
    wiki = SamlApp.of(app, home).signed_in()
    old = wiki.certificate
    assert keys("roll", "--applications").exit_code == 0
    assert "for applications" in keys("list").output
    wiki.ask().require_signed(old, "Response", "Assertion")
    described = etree.fromstring(wiki.get("/saml/idp/metadata").data)
    assert len(list(described.iter("{*}KeyDescriptor"))) == 2
    assert "two keys already" in keys("roll", "--applications").output
    assert keys("use", "--applications", answer="n").exit_code == 1
    assert keys("use", "--applications", "--yes").exit_code == 0
    new = wiki.certificate
    assert new != old
    wiki.ask().require_signed(new, "Response", "Assertion")
    assert keys("retire", "--applications", "--yes").exit_code == 0
    assert len(list(etree.fromstring(wiki.get("/saml/idp/metadata").data).iter("{*}KeyDescriptor"))) == 1
