"""SAML applications from the metadata of their service providers: read, imported, followed (SD-01; conformance.md C, I2)."""

from datetime import timedelta

import pytest
from sqlalchemy import select
from werkzeug.wrappers import Response

from broker.service_providers import import_sp, refresh_due
from broker.sp_documents import read_sp
from tenants.applications import Application
from tenants.metadata_changes import EVERY
from tenants.saml_applications import SamlApplicationConfig
from tenants.sp_metadata import SpMetadata
from tests import factories
from tests.peers.second_sp import SecondServiceProvider
from tests.peers.xml_signing import saml_key
from tests.support.clock import START
from tests.support.commands import environment, run
from tests.support.own_page import mails_to
from tests.support.rows import stored

SAMLP, POST = "urn:oasis:names:tc:SAML:2.0:protocol", "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"
ACS = f'<md:AssertionConsumerService Binding="{POST}" Location="https://sp.example/acs" index="1" isDefault="true"/>'


def key(number=41, use="", **how):
    certificate = f"<ds:X509Data><ds:X509Certificate>{saml_key(number, **how).base64}</ds:X509Certificate></ds:X509Data>"
    return f'<md:KeyDescriptor {use and f"""use="{use}" """}><ds:KeyInfo>{certificate}</ds:KeyInfo></md:KeyDescriptor>'


def document(*parts, entity_id="https://sp.example/saml", entity="", role="", acs=ACS):
    return (
        '<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" xmlns:ds="http://www.w3.org/2000/09/xmldsig#" '
        f'entityID="{entity_id}" {entity}><md:SPSSODescriptor protocolSupportEnumeration="{SAMLP}" {role}>'
        f"{''.join(parts)}{acs}</md:SPSSODescriptor></md:EntityDescriptor>"
    )


REFUSED = {
    "plain http": (document(acs=ACS.replace("https://sp", "http://sp")), "must begin with https"),
    "a wildcard": (document(acs=ACS.replace("sp.example", "*.example")), "no wildcards"),
    "a script": (document(acs=ACS.replace("https://sp.example/acs", "javascript:alert(1)")), "must have|must begin"),
    "no address": (document(acs=""), "between one and"),
    "artifacts only": (document(acs=ACS.replace("HTTP-POST", "HTTP-Artifact")), "between one and"),
    "one index twice": (document(acs=ACS + ACS), "no index of its own"),
    "a weak key": (document(key(bits=1024)), "too weak"),
    "no key": (document(key().replace(saml_key(41).base64, "AAAA")), "can't be read"),
    "over": (document(entity='validUntil="2020-01-01T00:00:00Z"'), "ended on 2020-01-01"),
    "an identity provider": (document().replace("SPSSO", "IDPSSO"), "exactly one service provider"),
    "of SAML 1.1": (document().replace(SAMLP, "urn:oasis:names:tc:SAML:1.1:protocol"), "exactly one service provider"),
    "a doctype": ("<!DOCTYPE x>" + document(), "can't be read"),
    "no XML": ("no", "can't be read"),
    "no entity id": (document(entity_id=""), "one word"),
}


@pytest.mark.parametrize(("text", "sentence"), REFUSED.values(), ids=REFUSED)
def test_sd01_metadata_that_can_not_be_used_is_refused_with_its_reason(text, sentence):
    with pytest.raises(ValueError, match=sentence):
        read_sp(text, START)


def test_i2_everything_is_read_from_metadata_alone():
    more = (
        '<md:SingleLogoutService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" '
        'Location="https://sp.example/slo" ResponseLocation="https://sp.example/slo-done"/>'
        "<md:NameIDFormat>urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress</md:NameIDFormat>"
    )
    wanted = (
        '<md:AttributeConsumingService index="1"><md:ServiceName xml:lang="en">S</md:ServiceName>'
        '<md:RequestedAttribute Name="urn:oid:2.5.4.42"/><md:RequestedAttribute Name="odd" isRequired="true"/>'
        "</md:AttributeConsumingService>"
    )
    keys = (key(41, "signing"), key(42, "signing"), key(43, "encryption"))
    read = read_sp(document(*keys, more, acs=ACS + wanted, role='AuthnRequestsSigned="true"'), START)
    config = read.config
    assert [(one.url, one.index, one.is_default) for one in config.acs] == [("https://sp.example/acs", 1, True)]
    assert (len(config.certificates), config.wants_signed_requests, config.name_id) == (2, True, "email")
    assert config.encryption_certificate == saml_key(43).pem
    assert (config.slo, config.slo_answers) == (
        {"redirect": "https://sp.example/slo"},
        {"redirect": "https://sp.example/slo-done"},
    )
    assert [(one.name, one.source) for one in config.attributes] == [("urn:oid:2.5.4.42", "given_name")]
    assert any("odd" in note for note in read.notes)
    both = read_sp(document(key(41)), START).config
    assert (len(both.certificates), both.encryption_certificate) == (1, saml_key(41).pem), "a key without a use is for both"
    plain = read_sp(document(), START)
    assert (plain.config.certificates, plain.config.name_id) == ((), "persistent")
    assert any("does not sign" in note for note in plain.notes)


@pytest.fixture
def home(broker):
    return factories.tenant(broker)


def config_of(home, name="wiki"):
    row = stored(home, Application, key=name)[0]
    return SamlApplicationConfig.from_json(row.entity_id, row.saml)


def test_import_keeps_what_an_admin_has_decided(home, broker, tmp_path):
    theirs = SecondServiceProvider("https://second.example", tmp_path).metadata()
    read, is_new = import_sp(broker, home.id, "wiki", theirs, by="test")
    assert (is_new, read.config.slo.keys()) == (True, {"redirect", "post"})
    assert config_of(home).wants_signed_requests
    row = stored(home, Application, key="wiki")[0]
    home.change(Application, row.id, saml=row.saml | {"name_id": "email", "may_begin_here": True})
    _, is_new = import_sp(broker, home.id, "wiki", document(key()), by="test")
    config = config_of(home)
    assert (is_new, config.entity_id, config.name_id, config.may_begin_here) == (
        False,
        "https://sp.example/saml",
        "email",
        True,
    )
    with pytest.raises(ValueError, match="is the entity id of wiki already"):
        import_sp(broker, home.id, "other", document(key()), by="test")
    home.change(Application, row.id, is_file_managed=True)
    with pytest.raises(ValueError, match="tenants file"):
        import_sp(broker, home.id, "wiki", document(key()), by="test")
    oidc = factories.application(home)
    with pytest.raises(ValueError, match="OpenID Connect"):
        import_sp(broker, home.id, oidc.key, document(entity_id="urn:x"), by="test")


def test_followed_metadata_is_taken_only_with_a_key_that_was_known(home, broker, peers, clock):
    origin, says = f"https://sp.{home.domain}", [document(key(41))]
    peers.open(origin, lambda environ, start: Response(says[0], content_type="text/xml")(environ, start))
    import_sp(broker, home.id, "wiki", says[0], url=f"{origin}/metadata", by="test")

    def again(text):
        says[0] = text
        clock.advance(seconds=(EVERY + timedelta(hours=20)).total_seconds())
        refresh_due(broker)
        return config_of(home), stored(home, SpMetadata)[0]

    admin = factories.admin(home)
    moved = document(key(41), key(42), acs=ACS.replace("/acs", "/new"))
    config, row = again(moved)
    assert (config.acs[0].url, len(config.certificates), row.proposed) == ("https://sp.example/new", 2, None)
    for hostile in (document(key(43), acs=ACS.replace("sp.example", "evil.example")), document(key(42), entity_id="urn:other")):
        config, row = again(hostile)
        assert (config.acs[0].url, row.proposed) == ("https://sp.example/new", hostile)
        assert row.document == moved
    assert mails_to(home, admin) == ["application_metadata"], "once for what waits"
    config, row = again("no metadata")
    assert (config.acs[0].url, row.failures, row.fault is None) == ("https://sp.example/new", 1, False)
    peers.close(origin)


def test_command_says_what_it_took_and_what_to_know(home, database_url):
    variables = environment(database_url)
    done = run("application", "import-sp-metadata", home.slug, "wiki", answer=document(), **variables)
    assert done.exit_code == 0, done.output
    assert "wiki is new: https://sp.example/saml" in done.output
    assert "Note: It does not sign its requests" in done.output
    refused = run("application", "import-sp-metadata", home.slug, "wiki", answer="no", **variables)
    assert (refused.exit_code, "can't be read as metadata" in refused.output) == (1, True)
    assert run("application", "import-sp-metadata", home.slug, "A b", answer="no", **variables).exit_code == 1
    with home.db.reading() as db:
        assert db.scalars(select(Application.name).where(Application.key == "wiki")).one() == "sp.example"
