"""From the first page to the right way in."""

import pytest

from tenants.audit import Event
from tests import factories
from tests.peers.people import Person
from tests.support import steps


def buttons_of(browser):
    """All that go on with the sign-in; one leads to the choice of a language."""
    return [button for form in browser.page.forms for button in form.buttons if not button.action]


def labels(browser) -> list[str]:
    return [button.label for button in buttons_of(browser)]


def asks_address(browser) -> bool:
    return any("email" in form.fields for form in browser.page.forms)


def two_ways(home, peer):
    return steps.oidc_way(home, peer, "one", label="First"), steps.oidc_way(home, peer, "two", label="Second")


@pytest.mark.parametrize(
    ("page", "has_address", "buttons"),
    [
        ("email_first", True, ["Continue"]),
        ("both", True, ["Continue", "Continue with First", "Continue with Second"]),
        ("buttons", True, ["Continue", "Continue with First", "Continue with Second"]),
    ],
)
def test_first_page_as_the_tenant_wants_it(broker, oidc_peer, browser, page, has_address, buttons):
    home = factories.tenant(broker, sign_in_page=page)
    two_ways(home, oidc_peer)
    browser.open(f"{home.path}/sign-in")
    assert (asks_address(browser), labels(browser)) == (has_address, buttons)


def test_buttons_without_the_local_form(broker, oidc_peer, browser):
    home = factories.tenant(broker, sign_in_page="buttons", local_enabled=False)
    two_ways(home, oidc_peer)
    browser.open(f"{home.path}/sign-in")
    assert not asks_address(browser)
    assert [label.strip() for label in labels(browser)] == ["First", "Second"]


def test_nothing_set_up_says_so(broker, browser):
    home = factories.tenant(broker, sign_in_page="buttons", local_enabled=False)
    browser.open(f"{home.path}/sign-in")
    assert browser.status == 200
    assert browser.page.forms == [] or asks_address(browser)


def test_address_of_a_routed_domain_goes_straight_there(broker, oidc_peer, browser):
    home = factories.tenant(broker)
    one, two = two_ways(home, oidc_peer)
    steps.listed(home, way=two, proven=True)
    two.idp.person = Person(f"jane@{home.domain}")
    steps.type_address(browser, home, f"jane@{home.domain}")
    assert browser.at == f"{home.path}/"
    assert (one.idp.hits["authorize"], two.idp.hits["authorize"]) == (0, 1)
    assert two.idp.seen["authorize"]["login_hint"] == f"jane@{home.domain}"


def test_unproven_domain_routes_nowhere(broker, oidc_peer, browser):
    home = factories.tenant(broker)
    _, two = two_ways(home, oidc_peer)
    steps.listed(home, way=two)
    steps.type_address(browser, home, f"jane@{home.domain}")
    assert browser.path == f"{home.path}/sign-in/password"


def test_unknown_domain_goes_to_the_password(broker, oidc_peer, browser):
    home = factories.tenant(broker)
    two_ways(home, oidc_peer)
    steps.type_address(browser, home, "kim@partner.example")
    assert browser.path == f"{home.path}/sign-in/password"
    browser.follow("Other ways to sign in")
    assert browser.path == f"{home.path}/sign-in/choose"
    assert "kim@partner.example" in browser.words
    assert [key.value for key in buttons_of(browser)] == ["one", "two", "local"]
    browser.submit(press="local")
    assert browser.path == f"{home.path}/sign-in/password"


def test_unknown_domain_without_local_sign_in_gets_the_choice(broker, oidc_peer, browser):
    home = factories.tenant(broker, local_enabled=False)
    two_ways(home, oidc_peer)
    steps.type_address(browser, home, "kim@partner.example")
    assert browser.path == f"{home.path}/sign-in/choose"
    assert "How do you want to sign in?" in browser.words


def test_unknown_domain_with_one_way_only_goes_there(broker, oidc_peer, browser):
    home = factories.tenant(broker, local_enabled=False, sign_in_page="email_first")
    way = steps.oidc_way(home, oidc_peer)
    browser.stop_at(way.origin)
    steps.type_address(browser, home, "kim@partner.example")
    assert browser.foreign.startswith(way.idp.issuer)


def test_preferred_domain_may_still_use_the_password(broker, oidc_peer, browser):
    home = factories.tenant(broker)
    way = steps.oidc_way(home, oidc_peer)
    steps.listed(home, way=way, proven=True)
    ada = factories.account(home)
    tx = steps.tx_of(browser.stop_at(way.origin).open(f"{home.path}/sign-in"))
    steps.go_along(browser.submit(email=ada.email))
    assert browser.foreign
    browser.open(f"{home.path}/sign-in/choose?tx={tx}").submit(press="local")
    steps.prove(browser, home, ada)
    assert browser.at == f"{home.path}/"


def test_enforced_domain_offers_no_password(broker, oidc_peer, browser):
    home = factories.tenant(broker)
    way = steps.oidc_way(home, oidc_peer)
    steps.listed(home, way=way, proven=True, enforce=True)
    tx = steps.tx_of(browser.stop_at(way.origin).open(f"{home.path}/sign-in"))
    steps.go_along(browser.submit(email=f"ada@{home.domain}"))
    browser.open(f"{home.path}/sign-in/choose?tx={tx}")
    assert [button.value for button in buttons_of(browser)] == [way.key]


def test_only_way_is_entered_by_itself(broker, oidc_peer, browser):
    home = factories.tenant(broker, local_enabled=False)
    way = steps.oidc_way(home, oidc_peer)
    browser.stop_at(way.origin).open(f"{home.path}/")
    assert browser.foreign.startswith(way.idp.issuer)


def test_only_way_is_not_entered_again_after_a_failure(broker, oidc_peer, browser):
    home = factories.tenant(broker, local_enabled=False)
    way = steps.oidc_way(home, oidc_peer)
    way.idp.error_callback("access_denied")
    browser.open(f"{home.path}/")
    assert browser.status == 403
    assert way.idp.hits["authorize"] == 1
    browser.follow("Other ways to sign in")
    assert (browser.status, way.idp.hits["authorize"]) == (200, 1)
    assert labels(browser)


def test_only_way_is_not_entered_again_after_signing_out(broker, oidc_peer, browser):
    home = factories.tenant(broker, local_enabled=False)
    way = steps.oidc_way(home, oidc_peer)
    steps.listed(home, way=way, proven=True)
    way.idp.person = Person(f"jane@{home.domain}")
    browser.open(f"{home.path}/")
    assert browser.at == f"{home.path}/"
    browser.submit(press="Sign out")
    assert browser.path == f"{home.path}/signed-out"
    browser.follow("Sign in again")
    assert (browser.path, way.idp.hits["authorize"]) == (f"{home.path}/sign-in", 1)


def test_only_way_is_not_entered_again_after_an_attempt_ran_out(broker, oidc_peer, browser):
    home = factories.tenant(broker, local_enabled=False)
    way = steps.oidc_way(home, oidc_peer)
    browser.stop_at(way.origin).open(f"{home.path}/")
    back = way.idp.approve(browser.foreign)
    home.broker.ports.clock.advance(minutes=30)
    browser.open(back)
    assert "This sign-in took too long" in browser.words
    browser.follow("Start again")
    assert browser.path == f"{home.path}/sign-in"


def test_connection_without_a_button_is_reached_by_its_domain(broker, oidc_peer, browser):
    home = factories.tenant(broker)
    way = steps.oidc_way(home, oidc_peer, is_shown=False)
    steps.listed(home, way=way, proven=True)
    browser.open(f"{home.path}/sign-in")
    assert labels(browser) == ["Continue"]
    browser.stop_at(way.origin)
    steps.type_address(browser, home, f"jane@{home.domain}")
    assert browser.foreign.startswith(way.idp.issuer)


def test_connection_of_other_networks_is_neither_offered_nor_entered(broker, oidc_peer, browser):
    home = factories.tenant(broker)
    way = steps.oidc_way(home, oidc_peer, networks=["10.0.0.0/8"])
    browser.open(f"{home.path}/sign-in")
    assert labels(browser) == ["Continue"]
    tx = steps.tx_of(browser)
    browser.open(f"{home.path}/sign-in/go/{way.key}?tx={tx}")
    assert browser.status == 403
    browser.address = "10.1.2.3"
    browser.open(f"{home.path}/sign-in")
    assert labels(browser) == ["Continue", "Continue with Acme SSO"]


def test_what_was_begun_inside_a_connections_networks_is_not_finished_outside(broker, oidc_peer, browser):
    home = factories.tenant(broker)
    way = steps.oidc_way(home, oidc_peer, networks=["10.0.0.0/8", "2001:db8::/32"])
    for inside, outside in (("10.1.2.3", "192.0.2.1"), ("2001:db8::7", "2001:db9::7"), ("::ffff:10.1.2.3", "::ffff:192.0.2.1")):
        way.idp.person = Person(f"new@{home.domain}")
        browser.address = inside
        browser.stop_at(way.origin)
        steps.enter(browser, home, way)
        back = way.idp.approve(browser.foreign, way.idp.person)
        browser.address = outside
        browser.open(back)
        assert (browser.status, steps.event_of(browser, home).cause) == (403, "method_not_allowed"), outside
    assert steps.events(home, Event.ACCOUNT_CREATED) == []


def test_closed_connection_of_a_domain_has_its_own_message(broker, oidc_peer, browser):
    home = factories.tenant(broker, local_enabled=False, sign_in_page="email_first")
    way = steps.oidc_way(home, oidc_peer)
    steps.listed(home, way=way, proven=True)
    way.change(is_enabled=False)
    steps.type_address(browser, home, f"jane@{home.domain}")
    assert browser.status == 403
    assert "This way to sign in is switched off" in browser.words


def test_other_ways_show_every_button_even_where_the_address_comes_first(broker, oidc_peer, browser):
    home = factories.tenant(broker, sign_in_page="email_first")
    two_ways(home, oidc_peer)
    tx = steps.tx_of(browser.open(f"{home.path}/sign-in"))
    browser.open(f"{home.path}/sign-in/choose?tx={tx}")
    assert labels(browser) == ["Continue", "Continue with First", "Continue with Second"]
