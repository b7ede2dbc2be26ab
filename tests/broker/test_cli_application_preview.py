"""`broker application preview`: what an application would be told."""

import json

import pytest

from tenants.accounts import Account
from tenants.applications import Application
from tenants.saml_applications import AcsAddress, AttributeRule, SamlApplicationConfig
from tests import factories
from tests.support.commands import environment, run
from tests.support.saml_rows import saml_application
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


def test_preview_of_a_saml_application_says_what_an_unproven_address_keeps_back(home, database_url):
    rules = (AttributeRule("mail", "email"), AttributeRule("name", "name"), AttributeRule("crew", "groups"))
    config = SamlApplicationConfig("https://sp.example", (AcsAddress("https://sp.example/acs", 0),), attributes=rules)
    made = saml_application(home, config, key="wiki", name="Wiki")
    ada = factories.account(home, name="Ada Lovelace", groups=("Crew",))
    shown = preview_of(database_url, home.slug, made.key, ada.email)
    assert shown.exit_code == 0, shown.output
    name, attributes, left_out = shown.stdout.strip().split("\n\n")[0], *shown.stdout.strip().rsplit("\n", 1)
    assert "nameid-format:persistent" in name
    assert json.loads(attributes.rpartition("Attributes\n")[2]) == {"name": ["Ada Lovelace"], "crew": ["Crew"]}
    assert left_out == "Left out, as nobody has proven the address: mail"
    home.change(Application, made.id, saml=made.saml | {"name_id": "email"})
    assert "Name: none: the person is refused" in preview_of(database_url, home.slug, made.key, ada.email).stdout
    home.change(Account, ada.id, is_email_verified=True)
    proven = preview_of(database_url, home.slug, made.key, ada.email).stdout
    assert ('"mail": [' in proven, f'"NameID": "{ada.email}"' in proven, "Left out" in proven) == (True, True, False)


def test_what_is_not_there_ends_in_one_line(home, database_url):
    made = factories.application(home)
    unknown = preview_of(database_url, home.slug, "else", f"ada@{home.domain}")
    assert "no such application" in unknown.output
    assert preview_of(database_url, home.slug, made.key, "nobody@b.example").exit_code == 1
