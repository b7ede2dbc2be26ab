"""What an admin may fill in for a SAML connection, and what its test tells."""

from dataclasses import replace
from datetime import timedelta
from itertools import permutations

import pytest
from pydantic import ValidationError

from broker.upstream import KINDS
from broker.upstream.kind import document_fields, secret_fields
from broker.upstream.saml import SamlOptions
from broker.upstream.saml_parts.values import PRESETS, Names
from tenants.causes import UpstreamFailure
from tests.peers.saml_messages import MD
from tests.peers.xml_signing import ec_saml_key, saml_key
from tests.support.saml_edge import SamlEdge

VALUES = {"entity_id": "https://idp.example/metadata", "sso_url": "https://idp.example/sso", "certificates": [saml_key().pem]}


@pytest.fixture
def edge():
    return SamlEdge.opened()


@pytest.fixture
def metadata(edge):
    return edge.idp.metadata()


def complaint(**options) -> str:
    with pytest.raises(ValidationError) as error:
        SamlOptions(**options)
    return str(error.value)


def test_metadata_and_three_values_describe_the_same(edge, metadata):
    by_metadata = SamlOptions(idp_metadata=metadata).provider
    by_values = SamlOptions(entity_id=edge.idp.entity_id, sso_url=edge.idp.sso, certificates=[edge.idp.keys[0].base64]).provider
    assert by_metadata.slo.keys() == {"redirect", "post"}
    assert replace(by_metadata, slo={}, slo_answers={}) == by_values


def test_metadata_is_a_document_and_no_secret():
    assert document_fields(SamlOptions) == ("idp_metadata",)
    assert secret_fields(SamlOptions) == ()


def test_provider_is_read_once(metadata):
    options = SamlOptions(idp_metadata=metadata)
    assert options.provider is options.provider


@pytest.mark.parametrize("text", ["pem", "base64", "lines"])
def test_certificate_is_taken_as_pem_or_bare(text):
    key = saml_key()
    lines = "\n".join(key.base64[at : at + 64] for at in range(0, len(key.base64), 64))
    given = {"pem": key.pem, "base64": key.base64, "lines": lines}[text]
    assert SamlOptions(**VALUES | {"certificates": [given]}).provider.certificates == (key.pem,)


def test_elliptic_curves_and_several_certificates_are_taken_each_once():
    curve = ec_saml_key()
    made = SamlOptions(**VALUES | {"certificates": [saml_key().pem, curve.pem, saml_key().base64]})
    assert made.provider.certificates == (saml_key().pem, curve.pem)


FAULTS = {
    "no entity id": ({"entity_id": None}, "needs either idp_metadata, or metadata_url, or entity_id, sso_url"),
    "no address": ({"sso_url": None}, "needs either"),
    "both": ({"idp_metadata": "<x/>"}, "must describe exactly one identity provider"),
    "address and values": ({"metadata_url": "https://idp.example/metadata"}, "needs either"),
    "metadata by http": ({"metadata_url": "http://idp.example/metadata"}, "the address of the metadata must begin with https"),
    "metadata by file": ({"metadata_url": "file:///etc/passwd"}, "the address of the metadata must be one such as"),
    "http": ({"sso_url": "http://idp.example/sso"}, "must begin with https"),
    "script": ({"sso_url": "javascript:alert(1)"}, "must be one such as"),
    "user name": ({"sso_url": "https://user:secret@idp.example/"}, "must be one such as"),
    "no certificate": ({"certificates": []}, "a signing certificate is needed"),
    "nonsense": ({"certificates": ["nonsense"]}, "can't be read"),
    "weak key": ({"certificates": [saml_key(bits=1024).pem]}, "too weak"),
    "too many": ({"certificates": [saml_key().pem] * 11}, "at most 10"),
    "words": ({"entity_id": "two words"}, "one word"),
    "binding": ({"request_binding": "artifact"}, "redirect"),
    "signed": ({"signed": "nothing"}, "either"),
    "preset": ({"attributes": "keycloak"}, "adfs"),
    "fingerprint": ({"fingerprint": "00"}, "Extra inputs"),
}


@pytest.mark.parametrize(("changes", "words"), FAULTS.values(), ids=FAULTS)
def test_what_cannot_be_is_refused(changes, words):
    assert words in complaint(**VALUES | changes)


METADATA_FAULTS = {
    "no xml": (lambda text: "not XML", "can't be read as metadata"),
    "doctype": (lambda text: f"<!DOCTYPE x>{text}", "can't be read as metadata: doctype"),
    "too long": (lambda text: f"<!--{'x' * 1_000_000}-->{text}", "at most 1000000 characters"),
    "no key": (lambda text: text.replace("X509Certificate", "Other"), "a signing certificate is needed"),
    "weak key": (lambda text: text.replace(saml_key().base64, saml_key(bits=1024).base64), "too weak"),
    "only encryption": (lambda text: text.replace('use="signing"', 'use="encryption"'), "a signing certificate is needed"),
    "no role": (lambda text: text.replace("IDPSSODescriptor", "SPSSODescriptor"), "exactly one identity provider"),
    "saml 1": (lambda text: text.replace("SAML:2.0:protocol", "SAML:1.1:protocol"), "an identity provider for SAML 2.0"),
    "two providers": (lambda text: f'<md:EntitiesDescriptor xmlns:md="{MD}">{text * 2}</md:EntitiesDescriptor>', "exactly one"),
    "no address": (lambda text: text.replace("SingleSignOnService", "Other"), "must name an address"),
    "http": (lambda text: text.replace('Location="https', 'Location="http'), "must begin with https"),
    "script": (lambda text: text.replace('Location="https://', 'Location="javascript://'), "must be one such as"),
    "file": (lambda text: text.replace('Location="https://', 'Location="file://'), "must be one such as"),
    "no entity id": (lambda text: text.replace("entityID=", "other="), "the entity id must be one word"),
    "valid until never": (lambda text: text.replace("entityID=", 'validUntil="soon" entityID='), "can't be read"),
}


@pytest.mark.parametrize(("change", "words"), METADATA_FAULTS.values(), ids=METADATA_FAULTS)
def test_metadata_that_cannot_be_used_is_refused_with_its_reason(metadata, change, words):
    assert words in complaint(idp_metadata=change(metadata))


def test_metadata_of_a_federation_with_one_provider_is_taken(metadata):
    whole = f'<?xml version="1.0"?><!-- ours --><md:EntitiesDescriptor xmlns:md="{MD}">{metadata}</md:EntitiesDescriptor>'
    assert SamlOptions(idp_metadata=f"\ufeff{whole}").provider == SamlOptions(idp_metadata=metadata).provider


def test_binding_has_to_be_one_of_the_providers(metadata):
    only_post = metadata.replace("HTTP-Redirect", "SOAP")
    assert "no address for redirect" in complaint(idp_metadata=only_post)
    assert SamlOptions(idp_metadata=only_post, request_binding="post").provider.sso.keys() == {"post"}


def test_key_without_a_use_signs_too(metadata):
    assert SamlOptions(idp_metadata=metadata.replace(' use="signing"', "")).provider.certificates


def test_single_names_come_before_those_of_the_preset(metadata):
    names = SamlOptions(idp_metadata=metadata, attributes="entra", email_attribute="mail", subject_attribute="").names
    assert names.email == "mail"
    assert names.subject == ""
    assert names.given_name == PRESETS["entra"].given_name
    assert SamlOptions(idp_metadata=metadata).names == Names()


def codes(edge, **options) -> dict[str, str]:
    found = KINDS["saml"].check(SamlOptions(**edge.idp.options(**options)), edge.ports)
    assert all(str(finding.sentence) for finding in found)
    return {finding.code: finding.severity for finding in found}


def test_connection_test_names_provider_and_certificates(edge):
    assert codes(edge) == {"metadata": "ok", "certificate": "ok"}


@pytest.mark.parametrize(
    ("life", "code"), [(timedelta(days=10), "certificate_ends"), (timedelta(days=-10), "certificate_ended")]
)
def test_connection_test_warns_of_a_certificate_that_ends(edge, life, code):
    edge.idp.keys = [saml_key(40, life=life)]
    assert codes(edge) == {"metadata": "ok", code: "warn"}


def test_certificate_that_has_ended_still_lets_people_in():
    """The key in it is what counts; a date must stop nobody on a Monday morning."""
    edge = SamlEdge.opened()
    edge.idp.keys = [saml_key(40, life=timedelta(days=-10))]
    edge.options = SamlOptions(**edge.idp.options())
    assert edge.again().finish().subject == edge.idp.person.subject


def test_connection_test_warns_of_metadata_that_has_ended(edge, metadata):
    old = metadata.replace("entityID=", 'validUntil="2020-01-01T00:00:00Z" entityID=')
    found = KINDS["saml"].check(SamlOptions(idp_metadata=old), edge.ports)
    assert {finding.code: finding.severity for finding in found}["metadata_old"] == "warn"


def test_metadata_ends_with_the_first_of_whatever_it_stands_in(metadata):
    day = '%s validUntil="20%s-01-01T00:00:00Z"'
    for root, entity, role in permutations(("31", "32", "33")):
        text = metadata.replace("<md:EntityDescriptor", day % ("<md:EntityDescriptor", entity))
        text = text.replace("<md:IDPSSODescriptor", day % ("<md:IDPSSODescriptor", role))
        whole = f'{day % ("<md:EntitiesDescriptor", root)} xmlns:md="{MD}">{text}</md:EntitiesDescriptor>'
        assert SamlOptions(idp_metadata=whole).provider.valid_until.year == 2031, (root, entity, role)


def test_provider_that_was_not_read_yet_is_nothing_to_send_anybody_to(edge, metadata):
    known = SamlOptions(metadata_url="https://idp.example/metadata", attributes="okta")
    assert [finding.code for finding in KINDS["saml"].check(known, edge.ports)] == ["metadata_unread"]
    assert KINDS["saml"].origins(known, edge.ports) == ()
    with pytest.raises(UpstreamFailure, match="not fetched yet"):
        _ = known.provider
    read = known.with_document(metadata)
    assert read.provider == SamlOptions(idp_metadata=metadata).provider
    assert not known.is_described
    with pytest.raises(ValueError, match="no address for redirect"):
        known.with_document(metadata.replace("HTTP-Redirect", "SOAP"))
