"""Several ways side by side: which comes first, what applications hint at, what is never entered by itself (T5, T6, R4, R8)."""

from urllib.parse import urlencode

import pytest

from tests import factories
from tests.peers.people import Person
from tests.support import steps
from tests.support.relying_party import RelyingParty

HINTS = ["login_hint", "domain_hint", "connection"]


@pytest.fixture
def home(broker):
    return factories.tenant(broker)


@pytest.fixture
def only(broker, oidc_peer):
    """The one way into a tenant without local sign-in, with a proven domain."""
    home = factories.tenant(broker, local_enabled=False)
    way = steps.oidc_way(home, oidc_peer)
    steps.listed(home, way=way, proven=True)
    way.idp.person = Person(f"jane@{home.domain}")
    return way


def two_ways(home, peer):
    return steps.oidc_way(home, peer, "one", label="First"), steps.oidc_way(home, peer, "two", label="Second")


def buttons(browser) -> list[tuple[str, str]]:
    """Key and label of every way on the page."""
    return [(one.value, one.label) for form in browser.page.forms for one in form.buttons if one.name == "connection"]


def keys(browser) -> list[str]:
    return [key for key, _ in buttons(browser)]


def other_ways(browser, home):
    """The chooser of somebody whose address belongs nowhere."""
    tx = steps.tx_of(browser)
    browser.submit(email="kim@partner.example")
    return browser.open(f"{home.path}/sign-in/choose?tx={tx}")


def asked(app, home, hint=None, value=None) -> str:
    """An application's request, with a hint."""
    party = RelyingParty.of(app, home)
    return f"{home.path}/oidc/authorize?{urlencode(party.request(**({hint: value} if hint else {})))}"


def value_of(hint, way) -> str | None:
    known = {"login_hint": f"jane@{way.home.domain}", "domain_hint": way.home.domain, "connection": way.key}
    return known.get(hint)


# the last method


def test_last_method_is_offered_first_and_says_so(home, oidc_peer, browser):
    one, two = two_ways(home, oidc_peer)
    steps.listed(home, way=two, proven=True)
    two.idp.person = Person(f"jane@{home.domain}")
    browser.open(f"{home.path}/sign-in")
    assert keys(browser) == ["one", "two"]
    assert "Last used" not in browser.words
    steps.enter(browser, home, two)
    assert browser.at == f"{home.path}/"
    browser.submit(press="Sign out")
    browser.follow("Sign in again")
    assert [(key, "Last used" in label) for key, label in buttons(browser)] == [("two", True), ("one", False)]
    other_ways(browser, home)
    assert [(key, "Last used" in label) for key, label in buttons(browser)] == [
        ("two", True), ("one", False), ("local", False)
    ]  # fmt: skip
    assert one.idp.hits["authorize"] == 0


def test_last_method_may_be_the_password(home, oidc_peer, browser):
    two_ways(home, oidc_peer)
    steps.sign_in(browser, home, factories.account(home))
    assert browser.cookie("last") == "local"
    browser.submit(press="Sign out")
    browser.follow("Sign in again")
    assert keys(other_ways(browser, home)) == ["local", "one", "two"]


def test_last_method_is_of_one_tenant(broker, home, oidc_peer, browser):
    other = factories.tenant(broker)
    steps.sign_in(browser, home, factories.account(home))
    steps.oidc_way(other, oidc_peer)
    browser.open(f"{other.path}/sign-in")
    assert "Last used" not in other_ways(browser, other).words


@pytest.mark.parametrize("value", ["nobody", "one", "door", "%3Cscript%3E", "x" * 3000])
def test_invented_last_method_shows_and_opens_nothing(home, oidc_peer, browser, value):
    """Only a way that this tenant has, and that may be used now, counts."""
    for way in two_ways(home, oidc_peer):
        way.change(is_enabled=False)
    browser.client.set_cookie(f"{home.slug}-last", value, domain="localhost", path=home.path)
    browser.open(f"{home.path}/sign-in")
    assert (browser.status, keys(browser)) == (200, [])
    assert "Last used" not in browser.words
    assert "script%3E" not in browser.text


def test_failed_try_is_not_remembered(home, oidc_peer, browser):
    one, _ = two_ways(home, oidc_peer)
    one.idp.error_callback("access_denied")
    steps.enter(browser, home, one)
    assert (browser.status, browser.cookie("last")) == (403, None)


# networks


def test_connection_is_first_in_its_network_and_usable_elsewhere(home, oidc_peer, browser):
    _, two = two_ways(home, oidc_peer)
    two.change(networks=["10.0.0.0/8"], network_mode="first", position=5)
    assert keys(browser.open(f"{home.path}/sign-in")) == ["one", "two"]
    browser.address = "10.1.2.3"
    assert keys(browser.open(f"{home.path}/sign-in")) == ["two", "one"]
    browser.address = "192.0.2.1"
    tx = steps.tx_of(browser.open(f"{home.path}/sign-in"))
    browser.stop_at(two.origin).open(f"{home.path}/sign-in/go/two?tx={tx}")
    assert browser.foreign.startswith(two.idp.issuer)


# hints


@pytest.mark.parametrize("hint", HINTS)
def test_hint_of_an_application_leads_straight_there(app, home, oidc_peer, browser, hint):
    _, two = two_ways(home, oidc_peer)
    steps.listed(home, way=two, proven=True)
    browser.stop_at(two.origin).open(asked(app, home, hint, value_of(hint, two)))
    assert browser.foreign.startswith(two.idp.issuer)


UNFIT = [
    ("login_hint", "no address"), ("domain_hint", "no domain"), ("domain_hint", "elsewhere.example"),
    ("connection", "nobody"), ("connection", "off"), ("connection", "door"),
]  # fmt: skip


@pytest.mark.parametrize(("hint", "value"), UNFIT)
def test_hint_that_fits_nothing_is_ignored(app, home, oidc_peer, browser, hint, value):
    two_ways(home, oidc_peer)
    steps.oidc_way(home, oidc_peer, "off", is_enabled=False)
    browser.open(asked(app, home, hint, value))
    assert (browser.status, browser.path) == (200, f"{home.path}/sign-in")
    assert keys(browser) == ["one", "two"]


def test_hinted_address_without_a_connection_is_filled_in(app, home, oidc_peer, browser):
    two_ways(home, oidc_peer)
    browser.open(asked(app, home, "login_hint", "kim@partner.example"))
    (form,) = [form for form in browser.page.forms if "email" in form.fields]
    assert form.fields["email"].value == "kim@partner.example"


# never in a loop


@pytest.mark.parametrize("hint", [*HINTS, None])
def test_nothing_is_entered_by_itself_after_a_failure(app, only, browser, hint):
    """By a hint, or because it is the only way: once."""
    only.idp.error_callback("access_denied")
    browser.open(asked(app, only.home, hint, value_of(hint, only)))
    assert (browser.status, only.idp.hits["authorize"]) == (403, 1)
    browser.follow("Other ways to sign in")
    assert (browser.status, keys(browser), only.idp.hits["authorize"]) == (200, [only.key], 1)


@pytest.mark.parametrize("hint", [*HINTS, None])
def test_nothing_is_entered_by_itself_after_a_sign_out(app, only, browser, hint):
    """An application that asks again at once would have the person signed in again without a question."""
    home, address = only.home, asked(app, only.home, hint, value_of(hint, only))
    steps.notice(home)
    browser.open(f"{home.path}/")
    assert only.idp.hits["authorize"] == 1
    browser.submit(press="Sign out")
    browser.open(address)
    assert (browser.path, only.idp.hits["authorize"]) == (f"{home.path}/sign-in", 1)
    browser.submit(press=only.key)
    steps.go_along(browser)
    assert only.idp.hits["authorize"] == 2
    assert "code=" in browser.foreign
    assert browser.cookie("out") is None


def test_sign_out_is_forgotten_with_the_next_sign_in(only, browser):
    browser.open(f"{only.home.path}/").submit(press="Sign out")
    assert browser.cookie("out") == "1"
    browser.follow("Sign in again").submit(press=only.key)
    steps.go_along(browser)
    assert browser.at == f"{only.home.path}/"
    browser.client.delete_cookie(f"{only.home.slug}-sid", domain="localhost", path=only.home.path)
    assert browser.open(f"{only.home.path}/").at == f"{only.home.path}/"
    assert only.idp.hits["authorize"] == 3


# side by side


def test_local_and_two_connections_stand_side_by_side(home, oidc_peer, browser, new_browser):
    """Each with its label and place, one person by each."""
    one, two = two_ways(home, oidc_peer)
    one.change(position=2)
    two.change(position=1)
    steps.listed(home, way=one, proven=True)
    assert keys(browser.open(f"{home.path}/sign-in")) == ["two", "one"]
    one.idp.person = Person(f"jane@{home.domain}")
    steps.enter(browser, home, one)
    assert browser.at == f"{home.path}/"
    other = new_browser()
    steps.sign_in(other, home, factories.account(home, "ada@partner.example"))
    assert other.at == f"{home.path}/"
