"""OP-03: token keys change while people sign in, and nobody is refused until the old key is over."""

import re

import pytest

from broker.token_keys import move_on_tenant
from tenants.audit import Event
from tenants.policies import TenantPolicy
from tests import factories
from tests.support import steps
from tests.support.commands import environment, run
from tests.support.relying_party import RelyingParty, verified


@pytest.fixture
def home(broker):
    return factories.tenant(broker, session_absolute_minutes=43_200, session_idle_minutes=1440)


@pytest.fixture
def rp(app, home):
    return RelyingParty.of(app, home).signed_in()


def header(token, key_set):
    return verified(token, key_set)[0]["kid"]


def test_op03_scheduled_change_refuses_nobody_and_ends_the_old_key_in_the_end(app, broker, home, rp, clock):
    """An application that keeps the key set for a day, and a person who signs in at every step."""
    kept = rp.document("/oidc/jwks").json
    hint = rp.tokens(scope="openid offline_access")
    first = header(hint["id_token"], kept)
    seen = {first}
    clock.advance(days=TenantPolicy().token_key_days - 2)
    for _ in range(5):
        rp.signed_in()
        answer = rp.tokens()
        seen.add(header(answer["id_token"], kept))
        assert rp.userinfo(answer["access_token"]).status_code == 200
        move_on_tenant(broker, home.id, clock.now())
        clock.advance(seconds=3)
        assert rp.userinfo(answer["access_token"]).status_code == 200
        assert "code" in rp.authorize(prompt="none", id_token_hint=answer["id_token"]).parameters
        assert "code" in rp.authorize(prompt="none").parameters
        kept = rp.document("/oidc/jwks").json
        clock.advance(days=1)
    assert len(seen) == 2
    assert {key["alg"] for key in kept["keys"]} == {"RS256", "ES256"}
    assert len(kept["keys"]) == 4
    clock.advance(days=30)
    move_on_tenant(broker, home.id, clock.now())
    clock.advance(seconds=3)
    rp.signed_in()
    assert len(rp.document("/oidc/jwks").json["keys"]) == 2
    assert rp.authorize(id_token_hint=hint["id_token"]).parameters["error"] == "invalid_request"
    assert [event.detail["what"] for event in steps.events(home, Event.SIGNING_KEY_CHANGED)].count("retired") == 2


def test_op03_keys_are_changed_by_hand(home, rp, clock, database_url):
    def keys_command(*arguments):
        return run("keys", *arguments, **environment(database_url))

    old = rp.tokens()
    assert keys_command("rotate", home.slug).output.count("signs in two days") == 2
    listed = keys_command("tokens", home.slug).output
    assert len(re.findall("signs next", listed)) == 2
    assert keys_command("rotate", home.slug, "--now").output.count("signs from now on") == 2
    clock.advance(seconds=3)
    new = rp.tokens()
    keys = rp.document("/oidc/jwks").json
    assert header(new["id_token"], keys) != header(old["id_token"], keys)
    assert rp.userinfo(old["access_token"]).status_code == 200
    assert keys_command("rotate", home.slug, "--distrust", "--yes").exit_code == 0
    clock.advance(seconds=3)
    assert rp.userinfo(old["access_token"]).status_code == 401
    assert rp.userinfo(new["access_token"]).status_code == 401
    assert len(rp.document("/oidc/jwks").json["keys"]) == 2
    assert rp.refresh(new["refresh_token"]).status_code == 200
