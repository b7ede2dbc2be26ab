"""The modules of the plan oidcc-backchannel-rp-initiated-logout (see test_oidc_basic.py), at two tenants at once."""

import pytest

from broker.downstream import logout
from tests import factories
from tests.support.logout_site import LogoutSite
from tests.support.plan import STATE, Plan
from tests.support.relying_party import verified

EVENT = "http://schemas.openid.net/event/backchannel-logout"


@pytest.fixture
def site(plan, peers):
    made = LogoutSite()
    peers.open(f"https://suite.{plan.home.domain}", made.app)
    plan.client = plan.new_client(
        backchannel_logout_uri=f"https://suite.{plan.home.domain}/told", is_logout_session_required=True
    )
    return made


def test_oidcc_backchannel_logout_discovery_endpoint_verification(plan):
    document = plan.client.document("/.well-known/openid-configuration").json
    assert document["backchannel_logout_supported"] is True
    assert document["backchannel_logout_session_supported"] is True
    assert document["end_session_endpoint"]


def test_oidcc_backchannel_rp_initiated_logout(app, broker, plan, site, clock):
    neighbour = Plan(app, factories.tenant(broker), clock)
    theirs = neighbour.run()[0]
    body, claims, _ = plan.run()
    back = plan.client.application.post_logout_redirect_uris[0]
    assert plan.sign_out(body["id_token"]) == f"{back}?state={STATE}"
    with app.app_context():
        while logout.work(broker):
            pass
    (form,) = site.forms
    assert set(form) == {"logout_token"}
    header, told = verified(form["logout_token"], plan.client.document("/oidc/jwks").json)
    assert header["alg"] == "RS256"
    assert told["iss"] == plan.home.url
    assert told["aud"] == plan.client.application.client_id
    assert abs(told["iat"] - clock.now().timestamp()) < 300
    assert told["jti"]
    assert told["events"] == {EVENT: {}}
    assert (told["sub"], told["sid"]) == (claims["sub"], claims["sid"])
    assert "nonce" not in told
    assert not plan.is_signed_in()
    # Of the other tenant nothing has ended, and nothing of it was told.
    assert neighbour.is_signed_in()
    assert neighbour.client.userinfo(theirs["access_token"]).status_code == 200
