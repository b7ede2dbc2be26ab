"""From an attempt to the question that discovery answers, and what its answer means for a page."""

from contextlib import contextmanager

import pytest

from broker.signin.question import address_of, other_ways, question_of, require_way, way_buttons
from broker.signin.transaction import require, take_way
from tenants.causes import Cause, Refusal
from tests import factories
from tests.support import steps


@pytest.fixture
def home(broker):
    return factories.tenant(broker)


@contextmanager
def attempt(app, home, browser, address="127.0.0.1"):
    """Inside a request about an attempt of this browser."""
    tx = steps.tx_of(browser.open(f"{home.path}/sign-in/again"))
    environ = {"SCRIPT_NAME": home.path, "PATH_INFO": "/sign-in", "REMOTE_ADDR": address}
    space = {"broker.space": "tenant", "broker.slug": home.slug, "broker.host": "localhost"}
    cookie = {"Cookie": f"{home.slug}-tx={browser.cookie('tx')}"}
    with app.test_request_context(
        f"/sign-in?tx={tx}", base_url=browser.home, headers=cookie, environ_overrides=environ | space
    ):
        app.preprocess_request()
        yield require()


def test_question_holds_what_is_configured(app, home, oidc_peer, browser):
    way = steps.oidc_way(home, oidc_peer, networks=["10.0.0.0/8"], position=3)
    steps.listed(home, way=way, proven=True)
    with attempt(app, home, browser, "10.1.2.3") as transaction:
        question = question_of(transaction, None, has_just_ended=True)
    assert [(one.key, one.label, one.position, one.enabled) for one in question.ways] == [("sso", "Acme SSO", 3, True)]
    assert [(rule.name, rule.connection, rule.proven) for rule in question.rules] == [(home.domain, "sso", True)]
    assert (str(question.network), question.local_enabled, question.has_just_ended) == ("10.1.2.3", True, True)


def test_network_that_is_no_address_is_none(app, home, browser):
    with attempt(app, home, browser, "unix:") as transaction:
        assert question_of(transaction, None).network is None


def test_address_of_an_attempt_is_what_was_typed(app, home, browser):
    with attempt(app, home, browser) as transaction:
        assert address_of(transaction) is None
        take_way(transaction, "local", email=f"Ada@{home.domain}")
        assert address_of(transaction).key == f"ada@{home.domain}"


def test_way_that_may_not_be_used_is_refused(app, home, oidc_peer, browser):
    steps.oidc_way(home, oidc_peer, is_enabled=False)
    with attempt(app, home, browser) as transaction:
        require_way(transaction, "local")
        for key, cause in (("sso", Cause.CONNECTION_DISABLED), ("nothing", Cause.METHOD_NOT_ALLOWED)):
            with pytest.raises(Refusal) as refused:
                require_way(transaction, key)
            assert refused.value.cause is cause


def test_other_ways_are_those_that_can_be_pressed(app, home, oidc_peer, browser):
    steps.oidc_way(home, oidc_peer, "off", is_enabled=False)
    steps.oidc_way(home, oidc_peer, "hidden", is_shown=False)
    with attempt(app, home, browser) as transaction:
        assert other_ways(transaction) == ()
    steps.oidc_way(home, oidc_peer, "on")
    steps.notice(home)
    with attempt(app, home, browser) as transaction:
        assert other_ways(transaction) == ("on",)


def test_buttons_carry_label_note_and_icon(app, home, oidc_peer, browser):
    steps.oidc_way(home, oidc_peer, note="For everybody")
    with attempt(app, home, browser):
        sso, local = way_buttons(["sso", "local"], "sso")
    assert (sso.label, sso.note, sso.icon, sso.first) == ("Acme SSO", "For everybody", "key", True)
    assert (local.label, local.icon, local.first) == ("E-mail and password", "way-local", False)
