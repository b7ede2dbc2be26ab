"""What we say about ourselves to an identity provider: one document for each connection (Metadata, 2.4.4)."""

import base64
from collections.abc import Sequence

from lxml import etree

from broker.saml_xml.keys import OwnKey
from broker.saml_xml.xml import BINDINGS, DS, MD, SAMLP, Element, serialised

MEDIA_TYPE = "application/samlmetadata+xml"


def entity_id_of(acs_url: str) -> str:
    """Our name at this provider: the address of the metadata, beside that which takes the response."""
    return f"{acs_url.removesuffix('/acs')}/metadata"


def slo_url_of(acs_url: str) -> str:
    """Where the provider's messages about signing out come."""
    return f"{acs_url.removesuffix('/acs')}/slo"


def described(acs_url: str, keys: Sequence[OwnKey], *, wants_signed_assertion: bool, name_id_format: str) -> bytes:
    """The document. Every published key is in it for signing; encrypted is for the active one."""
    root = etree.Element(f"{{{MD}}}EntityDescriptor", {"entityID": entity_id_of(acs_url)}, nsmap={"md": MD, "ds": DS})
    role = etree.SubElement(
        root,
        f"{{{MD}}}SPSSODescriptor",
        {
            "AuthnRequestsSigned": "true",
            "WantAssertionsSigned": "true" if wants_signed_assertion else "false",
            "protocolSupportEnumeration": SAMLP,
        },
    )
    for key in keys:
        _add_key(role, "signing", key)
    for key in keys:
        if key.is_active:
            _add_key(role, "encryption", key)
    for binding in ("HTTP-Redirect", "HTTP-POST"):
        place = {"Binding": f"{BINDINGS}{binding}", "Location": slo_url_of(acs_url)}
        etree.SubElement(role, f"{{{MD}}}SingleLogoutService", place)
    if name_id_format:
        etree.SubElement(role, f"{{{MD}}}NameIDFormat").text = name_id_format
    etree.SubElement(
        role,
        f"{{{MD}}}AssertionConsumerService",
        {"Binding": f"{BINDINGS}HTTP-POST", "Location": acs_url, "index": "0", "isDefault": "true"},
    )
    return b'<?xml version="1.0" encoding="UTF-8"?>\n' + serialised(root)


def _add_key(role: Element, use: str, key: OwnKey) -> None:
    descriptor = etree.SubElement(role, f"{{{MD}}}KeyDescriptor", {"use": use})
    data = etree.SubElement(etree.SubElement(descriptor, f"{{{DS}}}KeyInfo"), f"{{{DS}}}X509Data")
    etree.SubElement(data, f"{{{DS}}}X509Certificate").text = base64.b64encode(key.certificate).decode()
