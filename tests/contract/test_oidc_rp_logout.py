"""The modules of the plan oidcc-rp-initiated-logout, walked as the suite does (see test_oidc_basic.py)."""

import pytest

from tests.support.plan import STATE
from tests.support.relying_party import unsigned


def test_oidcc_rp_initiated_logout_discovery_endpoint_verification(plan):
    document = plan.client.document("/.well-known/openid-configuration").json
    assert document["end_session_endpoint"] == f"{plan.home.url}/oidc/logout"


@pytest.mark.parametrize("state", [STATE, None], ids=["with state", "no state"])
def test_oidcc_rp_initiated_logout(plan, state):
    hint = plan.run()[0]["id_token"]
    back = plan.client.application.post_logout_redirect_uris[0]
    assert plan.sign_out(hint, state=state) == (f"{back}?state={state}" if state else back)
    assert not plan.is_signed_in()


@pytest.mark.parametrize("module", ["bad", "query-added"])
def test_oidcc_rp_initiated_logout_post_logout_redirect_uri(plan, module):
    hint = plan.run()[0]["id_token"]
    back = plan.client.application.post_logout_redirect_uris[0]
    bad = {"bad": f"{back}/random", "query-added": f"{back}?foo=bar"}[module]
    assert plan.sign_out(hint, post_logout_redirect_uri=bad) is None
    assert plan.browser.title.startswith("Do you want to sign out?")


@pytest.mark.parametrize("module", ["modified", "bad", "no"])
def test_oidcc_rp_initiated_logout_id_token_hint(plan, module):
    hint = plan.run()[0]["id_token"]
    stranger = hint.rpartition(".")[0] + ".c2lnbmVkIGJ5IGEgc3RyYW5nZXI"
    changed = {"modified": unsigned(plan.client.claims(hint)), "bad": stranger, "no": None}[module]
    assert plan.sign_out(changed) is None
    assert plan.browser.title.startswith("Do you want to sign out?")


def test_oidcc_rp_initiated_logout_no_post_logout_redirect_uri(plan):
    hint = plan.run()[0]["id_token"]
    assert plan.sign_out(hint, post_logout_redirect_uri=None, state=None) is None
    assert "signed out" in plan.browser.title
    assert not plan.is_signed_in()


@pytest.mark.parametrize("state", [None, STATE], ids=["no-params", "only-state"])
def test_oidcc_rp_initiated_logout_without_parameters(plan, state):
    plan.run()
    assert plan.sign_out(None, post_logout_redirect_uri=None, state=state) is None
    plan.browser.submit(press="Sign out")
    assert "signed out" in plan.browser.title
    assert not plan.is_signed_in()
