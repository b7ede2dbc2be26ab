"""`broker application preview`: what an application would be told."""

import json

import pytest

from tests import factories
from tests.support.commands import environment, run
from tests.support.stores import ON_SQLITE

pytestmark = ON_SQLITE


@pytest.fixture
def home(broker):
    return factories.tenant(broker)


def preview_of(database_url, *arguments):
    return run("application", "preview", *arguments, **environment(database_url))


def test_preview_shows_what_is_told_and_signs_nothing(home, database_url):
    ada = factories.account(home, f"ada@{home.domain}", name="Ada Lovelace")
    factories.grant(home, ada.id, "crew")
    rules = [{"name": "unit", "from": "organization_name", "scope": "profile", "id_token": True}]
    made = factories.application(home, subject_type="pairwise", claims=rules)
    shown = preview_of(database_url, home.slug, made.key, ada.email, "--scope", "openid profile groups")
    assert shown.exit_code == 0, shown.output
    parts = shown.stdout.strip().split("\n\n")
    assert parts[0] == "Scope: openid profile groups"
    id_token, userinfo, access = (json.loads(part.partition("\n")[2]) for part in parts[1:])
    assert id_token["aud"] == made.client_id
    assert id_token["sub"] == userinfo["sub"] == access["sub"] != ada.id
    assert id_token["unit"] == userinfo["unit"]
    assert (userinfo["name"], userinfo["groups"]) == ("Ada Lovelace", ["crew"])
    assert "email" not in userinfo
    assert "eyJ" not in shown.output


def test_what_is_not_there_ends_in_one_line(home, database_url):
    made = factories.application(home)
    unknown = preview_of(database_url, home.slug, "else", f"ada@{home.domain}")
    assert "no such OpenID Connect application" in unknown.output
    assert preview_of(database_url, home.slug, made.key, "nobody@b.example").exit_code == 1
