"""Seeds and recovery codes of a person's own page are shown once and kept by nobody (security.md, SF-11)."""

import pytest

from tenants.accounts import Account
from tenants.credentials import Credential
from tests import factories
from tests.support import steps
from tests.support.own_page import give_codes, post_own
from tests.support.rows import stored


@pytest.fixture
def home(broker):
    return factories.tenant(broker)


@pytest.fixture
def ada(home):
    return factories.account(home)


# SF-11: seeds and codes are shown once, and kept by nobody


def test_sf11_seed_is_shown_until_it_is_proven_and_never_again(home, ada, at_home, app):
    give_codes(home, ada)
    at_home.open(f"{home.path}/account/app")
    assert at_home.response.headers["Cache-Control"] == "no-store"
    seed, page = steps.seed_on(at_home), at_home.at
    renewed = factories.Someone(ada.id, ada.email, ada.password, seed)
    at_home.submit(code=renewed.code(home.now))
    for path in (page, f"{home.path}/account", f"{home.path}/account/activity", f"{home.path}/account/app"):
        assert seed not in at_home.open(path).text.replace(" ", "").replace("<br>", "")
    for model in (Credential, Account):
        for row in stored(home, model):
            assert seed not in str(vars(row))


def test_sf11_seed_of_another_browser_is_not_shown(home, ada, at_home, new_browser):
    at_home.open(f"{home.path}/account/app")
    seed, page = steps.seed_on(at_home), at_home.at
    other = new_browser()
    other.client.set_cookie(**factories.cookie_of(home, factories.session(home, ada)))
    assert seed not in other.open(page).text.replace(" ", "")


def test_sf11_no_page_gives_codes_by_asking(home, ada, at_home):
    post_own(at_home, home, "/recovery-codes")
    shown = at_home.text
    codes = {line for line in shown.replace("<", " ").replace(">", " ").split() if line.count("-") == 3 and len(line) == 19}
    assert len(codes) == 10
    for path in ("/account", "/account/recovery-codes", "/account/activity"):
        assert not any(code in at_home.open(f"{home.path}{path}").text for code in codes)
