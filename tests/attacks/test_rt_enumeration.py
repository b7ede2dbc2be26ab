"""Attacks on routing: what the first page tells, and how an address can be written (security.md, RT)."""

import pytest

from tests import factories
from tests.attacks.test_lc_local import people, without_what_differs
from tests.support import steps


@pytest.fixture
def home(broker):
    return factories.tenant(broker)


def test_rt04_address_step_answers_and_costs_the_same_for_everybody(home, new_browser, count_statements):
    seen, everybody = {}, people(home)
    new_browser().open(f"{home.path}/sign-in")  # the configuration is read once
    for who, email in everybody.items():
        browser = new_browser().open(f"{home.path}/sign-in")
        with count_statements() as count:
            browser.submit(email=email)
        seen[who] = (
            browser.status,
            browser.path,
            count.statements,
            without_what_differs(browser.text, email),
            sorted(name for name, _ in browser.response.headers),
            sorted(cookie.key for cookie in browser.client._cookies.values()),
        )
    for who, one in seen.items():
        assert one == seen["known"], who
    assert not any("accounts" in statement for statement in seen["known"][2])


def test_rt04_routed_domain_answers_the_same_for_everybody(home, oidc_peer, new_browser):
    way = steps.oidc_way(home, oidc_peer)
    steps.listed(home, way=way, proven=True)
    seen = set()
    for email in people(home).values():
        browser = new_browser().stop_at(way.origin).open(f"{home.path}/sign-in").submit(email=email, press="Continue")
        seen.add((browser.status, browser.path, browser.words.replace(email, "")))
    assert len(seen) == 1


def test_rt04_chooser_answers_the_same_for_everybody(broker, oidc_peer, new_browser):
    home = factories.tenant(broker, local_enabled=False)
    for key in ("one", "two"):
        steps.oidc_way(home, oidc_peer, key, label=key)
    seen = set()
    for email in people(home).values():
        browser = steps.type_address(new_browser(), home, email)
        seen.add((browser.status, browser.path, browser.words.replace(email, "")))
    assert len(seen) == 1


@pytest.mark.both_databases
@pytest.mark.parametrize(
    "spelling",
    ["{local}@{DOMAIN}", "{LOCAL}@{domain}", "{local}@{domain}.", " {local}@{domain} ", "{local}＠{domain}", "{wide}@{domain}"],
    ids=["capital domain", "capital name", "dot at the end", "blanks", "full-width @", "full-width letters"],
)
def test_rt06_one_address_however_it_is_written(home, browser, spelling):
    ada = factories.account(home, f"ada.lovelace@{home.domain}")
    wide = "ada.lovelace".replace("a", "ａ")
    typed = spelling.format(
        local="ada.lovelace", LOCAL="ADA.LOVELACE", wide=wide, domain=home.domain, DOMAIN=home.domain.upper()
    )
    steps.prove(browser.open(f"{home.path}/sign-in").submit(email=typed), home, ada)
    assert browser.at == f"{home.path}/"


@pytest.mark.both_databases
@pytest.mark.parametrize(
    "typed",
    ["a@b@{domain}", "ada", "@{domain}", "ada@", "ada@localhost", "ada@[127.0.0.1]", "a\u200bda@{domain}", "x" * 400, ""],
)
def test_rt06_what_is_no_address_goes_nowhere(home, browser, typed):
    browser.open(f"{home.path}/sign-in").submit(email=typed.format(domain=home.domain))
    assert (browser.status, browser.path) == (400, f"{home.path}/sign-in")


@pytest.mark.parametrize("local", ["ada+tag", "ada.lovelace"], ids=["plus tag", "dots"])
def test_rt06_tags_and_dots_are_another_address(home, browser, local):
    factories.account(home, f"ada@{home.domain}")
    browser.open(f"{home.path}/sign-in").submit(email=f"{local}@{home.domain}")
    assert browser.submit(password=factories.PASSWORD).status == 403


def test_rt06_sub_domain_is_not_implied(home, oidc_peer, browser):
    way = steps.oidc_way(home, oidc_peer)
    steps.listed(home, way=way, proven=True)
    steps.type_address(browser, home, f"ada@sub.{home.domain}")
    assert browser.path == f"{home.path}/sign-in/password"
