"""SAML service providers in a tenants file."""

import pytest
from sqlalchemy import select

from tenants.applications import Application
from tenants.saml_applications import SamlApplicationConfig
from tests.peers.xml_signing import ec_saml_key, saml_key
from tests.support.manifests import APPLICATION, SMALL, Desk

WIKI = """
[tenants.$t.saml_applications.wiki]
name = "Wiki"
entity_id = "https://wiki.example/saml"
acs = [{ url = "https://wiki.example/acs" }, { url = "https://wiki.example/other", index = 7, default = true }]
"""
FULL = f"""{WIKI}
slo_post = "https://wiki.example/slo"
certificates = ['''{saml_key(1).pem}''', '''{saml_key(2).pem}''']
encryption_certificate = '''{saml_key(1).pem}'''
name_id = "email"
attributes = [{{ name = "mail", from = "email", format = "basic" }}, {{ name = "site", value = "main" }}]
signed = "response"
signed_requests = true
idp_initiated = true
relay_state = "home"
session_minutes = 60
groups = ["Staff"]
second_factor = true
"""


def read(desk: Desk) -> tuple[Application, SamlApplicationConfig]:
    with desk.session() as db:
        row = db.scalars(select(Application)).one()
        return row, SamlApplicationConfig.from_json(row.entity_id or "", row.saml or {})


def test_service_provider_is_kept_as_the_file_says(desk: Desk) -> None:
    assert "create tenants.$t.saml_applications.wiki" in desk.apply(SMALL + FULL)
    row, config = read(desk)
    assert (row.kind, row.client_id, row.is_factor_demanded, row.required_groups) == ("saml", "saml:wiki", True, ["Staff"])
    assert [(one.url, one.index) for one in config.acs] == [("https://wiki.example/acs", 0), ("https://wiki.example/other", 7)]
    assert config.default_acs.index == 7
    assert (len(config.certificates), config.slo, config.session_minutes) == (2, {"post": "https://wiki.example/slo"}, 60)
    assert [(one.name, one.source, one.value) for one in config.attributes] == [("mail", "email", None), ("site", None, "main")]
    assert desk.apply(SMALL + FULL) == []


def test_what_is_left_out_is_as_it_is_for_everybody(desk: Desk) -> None:
    desk.apply(SMALL + FULL)
    changed = desk.apply(SMALL + WIKI)
    assert changed == ["change tenants.$t.saml_applications.wiki (assigned_only, groups, saml settings, second_factor)"]
    _, config = read(desk)
    assert (config.name_id, config.signed, config.certificates, config.may_begin_here) == ("persistent", "both", (), False)
    assert desk.apply(SMALL, prune=True) == ["remove tenants.$t.saml_applications.wiki"]


def test_key_and_entity_id_are_one_application_s(desk: Desk) -> None:
    twice = WIKI + WIKI.replace(".wiki]", ".other]")
    assert desk.faults(SMALL + twice) == ["tenants.$t.saml_applications.other.entity_id: is that of wiki already."]
    travel = APPLICATION + WIKI.replace(".wiki]", ".travel]")
    sentence = "tenants.$t.saml_applications.travel: is the key of an OpenID Connect application already."
    assert sentence in desk.faults(SMALL + travel)
    desk.apply(SMALL + WIKI)
    assert desk.faults(SMALL + WIKI.replace(".wiki]", ".other]"))[0].endswith("is that of wiki already.")
    assert desk.apply(SMALL + WIKI.replace(".wiki]", ".other]"), prune=True)


MISTAKES = {
    "plain http": (WIKI.replace("https://wiki.example/acs", "http://wiki.example/acs"), "must begin with https://"),
    "a wildcard": (WIKI.replace("wiki.example/acs", "*.example/acs"), "there are no wildcards"),
    "an address for scripts": (WIKI.replace("https://wiki.example/acs", "javascript:alert(1)"), "must begin with https://"),
    "no address": (WIKI.replace('[{ url = "https://wiki.example/acs" }, ', "[]#"), "must not be empty"),
    "one index twice": (WIKI.replace("index = 7", "index = 0"), "two addresses of one index"),
    "an entity id of two words": (WIKI.replace('example/saml"', 'example/a b"'), "must be one word"),
    "a weak key": (WIKI + f"certificates = ['''{saml_key(1, bits=1024).pem}''']", "too weak"),
    "no RSA to encrypt for": (WIKI + f"encryption_certificate = '''{ec_saml_key().pem}'''", "with an RSA key"),
    "signed requests without a key": (WIKI + "signed_requests = true", "needs certificates"),
    "signing out without a key": (WIKI + 'slo_post = "https://wiki.example/slo"', "needs certificates"),
    "an attribute of nothing": (WIKI + 'attributes = [{ name = "x" }]', "needs either from or value"),
    "an attribute of two things": (WIKI + 'attributes = [{ name = "x", from = "email", value = "y" }]', "needs either"),
    "an attribute twice": (WIKI + 'attributes = [{name="x",from="email"},{name="x",value="y"}]', "names an attribute twice"),
    "a way that is not there": (WIKI + 'connections = ["nowhere"]', "there is no such way in"),
    "an organization that is not there": (WIKI + 'organization = "nowhere"', "there is no such organization"),
}


@pytest.mark.parametrize(("text", "sentence"), MISTAKES.values(), ids=MISTAKES)
def test_sd01_what_may_not_be_registered_is_refused(desk: Desk, text: str, sentence: str) -> None:
    assert any(sentence in fault for fault in desk.faults(SMALL + text)), desk.faults(SMALL + text)
