"""`broker explain`: the decision of the sign-in pages, in words."""

import pytest

from broker.system import SystemClock
from tests import factories
from tests.support import steps
from tests.support.commands import environment, run


@pytest.fixture
def home(broker):
    return factories.tenant(broker)


@pytest.fixture
def explain(home, database_url):
    variables = environment(database_url)
    return lambda *arguments: run("explain", "--tenant", home.slug, *arguments, **variables)


def test_routed_domain_goes_to_its_connection(home, explain, oidc_peer):
    way = steps.oidc_way(home, oidc_peer, label="Acme SSO")
    steps.listed(home, way=way, proven=True)
    told = explain("--email", f"jane@{home.domain}")
    assert told.exit_code == 0, told.stderr
    lines = told.stdout.splitlines()
    assert lines[0] == "Where to:"
    assert lines[1] == f"  1. {home.domain} prefers Acme SSO, so the person goes straight there. (route)"
    assert lines[2] == "Goes to sso (Acme SSO)."
    assert lines[3] == "Ways on offer: sso, local."
    assert lines[4] == "Account: none has this address."


def test_account_is_judged_at_the_way_that_was_found(home, explain):
    ada = factories.account(home, last_login_at=SystemClock().now())
    lines = explain("--email", ada.email).stdout.splitlines()
    assert "Goes to local (e-mail and password)." in lines
    assert "Admitted by local:" in lines
    assert lines[-1] == "Is let in after a second factor here."
    off = factories.account(home, state="disabled")
    assert explain("--email", off.email).stdout.splitlines()[-1] == "Is refused: account_disabled."


def test_admission_by_a_connection_needs_no_factor_here(home, explain, oidc_peer):
    way = steps.oidc_way(home, oidc_peer)
    steps.listed(home, way=way, proven=True)
    ada = factories.account(home, with_password=False, last_login_at=SystemClock().now())
    assert explain("--email", ada.email).stdout.splitlines()[-1] == "Is let in."


def test_application_and_network_count(home, explain, oidc_peer):
    steps.oidc_way(home, oidc_peer, "near", label="Near", networks=["10.0.0.0/8"])
    steps.oidc_way(home, oidc_peer, "anywhere", label="Anywhere")
    application = factories.application(home, accepted_connections=["near"])
    for key in (application.key, application.client_id):
        near = explain("--application", key, "--address", "10.1.2.3").stdout
        assert "Goes to near (Near)." in near
    far = explain("--application", application.key, "--address", "192.0.2.1").stdout
    assert "Near can be used only from its own networks" in far
    assert "The application does not accept e-mail and password." in far


def test_connection_that_is_first_in_a_network_is_said_to_be(home, explain, oidc_peer):
    steps.oidc_way(home, oidc_peer, "other", position=1)
    steps.oidc_way(home, oidc_peer, "near", position=2, networks=["10.0.0.0/8"], network_mode="first")
    assert "Ways on offer: near (first), other, local." in explain("--address", "10.0.0.1").stdout
    assert "Ways on offer: other, near, local." in explain("--address", "192.0.2.1").stdout


def test_hints_and_ends_can_be_asked_for(home, explain, oidc_peer):
    way = steps.oidc_way(home, oidc_peer)
    steps.listed(home, way=way, proven=True)
    assert "Goes to sso" in explain("--connection-hint", "sso").stdout
    assert "Goes to sso" in explain("--domain-hint", home.domain).stdout
    assert "Goes to sso" in explain("--login-hint", f"jane@{home.domain}").stdout
    after = explain("--connection-hint", "sso", "--after-end").stdout
    assert "so nothing is entered by itself. (no_loop)" in after
    assert "Chooses on the sign-in page." in after


def test_nothing_left_is_a_refusal(broker, database_url):
    home = factories.tenant(broker, local_enabled=False)
    told = run("explain", "--tenant", home.slug, "--email", "x@y.example", **environment(database_url))
    assert "Is refused: method_not_allowed." in told.stdout


def test_explaining_says_what_the_page_does(home, explain, browser, oidc_peer):
    """The same tenant, address and network, asked both ways."""
    way = steps.oidc_way(home, oidc_peer, networks=["10.0.0.0/8"])
    steps.listed(home, way=way, proven=True)
    browser.stop_at(way.origin)
    for address, expected in (("10.0.0.1", "sso"), ("192.0.2.1", "local")):
        browser.address = address
        steps.type_address(browser, home, f"jane@{home.domain}")
        went = "sso" if browser.foreign else "local"
        told = explain("--email", f"jane@{home.domain}", "--address", address).stdout
        assert went == expected
        assert f"Goes to {expected}" in told


WRONG = {
    "no such application": (("--application", "nothing"), "There is no such application in this tenant."),
    "no address": (("--email", "jane"), "exactly one @"),
    "no network address": (("--address", "home"), "--address is a network address such as 10.0.0.1."),
}


@pytest.mark.parametrize(("arguments", "sentence"), WRONG.values(), ids=WRONG)
def test_what_can_not_be_explained_is_said_in_one_line(explain, arguments, sentence):
    told = explain(*arguments)
    assert (told.exit_code, told.stdout) == (1, "")
    assert sentence in told.stderr


def test_unknown_tenant_is_told(database_url):
    told = run("explain", "--tenant", "nobody", **environment(database_url))
    assert "There is no such tenant." in told.stderr
