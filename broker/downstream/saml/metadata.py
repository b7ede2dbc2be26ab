"""What a service provider has to know about us (Metadata, 2.4.3): one document for each tenant."""

import base64
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from flask import Response, g, request
from lxml import etree

from broker.downstream.saml.places import entity_id, published_keys, signer, slo_url, sso_url
from broker.saml_xml.keys import OwnKey
from broker.saml_xml.sending import sign
from broker.saml_xml.xml import (
    BINDINGS,
    DS,
    EMAIL_FORMAT,
    MD,
    NAME_FORMATS,
    SAMLP,
    UNSPECIFIED_FORMAT,
    XENC,
    Element,
    serialised,
    written,
)
from broker.wiring import the_broker

MEDIA_TYPE = "application/samlmetadata+xml"
LIFE = timedelta(days=7)
"""Who reads it once a day or a week is never without; a key that went is forgotten as fast."""
_KEPT = timedelta(days=1)
_FRESH = "public, max-age=3600"
_MDUI = "urn:oasis:names:tc:SAML:metadata:ui"
_ALG = "urn:oasis:names:tc:SAML:metadata:algsupport"
_XML = "http://www.w3.org/XML/1998/namespace"
_FORMATS = (f"{NAME_FORMATS}persistent", EMAIL_FORMAT, f"{NAME_FORMATS}transient", UNSPECIFIED_FORMAT)
_NSMAP = {"md": MD, "ds": DS, "mdui": _MDUI, "alg": _ALG}


def metadata() -> Response:
    """Signed with the key that signs responses; the same for a day, so that it can be kept."""
    now = the_broker().ports.clock.now()
    day = now.replace(hour=0, minute=0, second=0, microsecond=0)
    # Read beforehand: what makes something that is kept may ask for nothing else that is.
    keys, signs = published_keys(), signer()
    place = f"saml.idp.metadata.{day:%Y%m%d}"
    body = the_broker().snapshots.keep(g.tenant, place, lambda: described(day + LIFE + _KEPT, keys, signs))
    response = Response(body, content_type=MEDIA_TYPE)
    response.headers["Cache-Control"] = _FRESH
    response.headers["Content-Disposition"] = f'inline; filename="{g.tenant.slug}-identity-provider.xml"'
    response.add_etag()
    response.make_conditional(request)
    return response


def described(valid_until: datetime, keys: Sequence[OwnKey], signs: Any) -> bytes:
    """The document. Every published certificate is in it, so that a new one is known before it signs."""
    attributes = {"entityID": entity_id(), "ID": f"_{g.tenant.id}.{g.tenant.version}", "validUntil": written(valid_until)}
    root = etree.Element(f"{{{MD}}}EntityDescriptor", attributes, nsmap=_NSMAP)
    role = etree.SubElement(
        root,
        f"{{{MD}}}IDPSSODescriptor",
        {"protocolSupportEnumeration": SAMLP, "WantAuthnRequestsSigned": "false", "errorURL": g.tenant.base_url},
    )
    _add_extensions(role)
    for key in keys:
        descriptor = etree.SubElement(role, f"{{{MD}}}KeyDescriptor", {"use": "signing"})
        data = etree.SubElement(etree.SubElement(descriptor, f"{{{DS}}}KeyInfo"), f"{{{DS}}}X509Data")
        etree.SubElement(data, f"{{{DS}}}X509Certificate").text = base64.b64encode(key.certificate).decode()
    _add_services(role, "SingleLogoutService", slo_url())
    for name in _FORMATS:
        etree.SubElement(role, f"{{{MD}}}NameIDFormat").text = name
    _add_services(role, "SingleSignOnService", sso_url())
    _add_organization(root)
    sign(root, keys[0], signer=signs, place=0)
    return b'<?xml version="1.0" encoding="UTF-8"?>\n' + serialised(root)


def _add_extensions(role: Element) -> None:
    """What people read, and by which methods signatures are made and taken (Algorithm Support 1.0)."""
    extensions = etree.SubElement(role, f"{{{MD}}}Extensions")
    for method in ("http://www.w3.org/2001/04/xmldsig-more#rsa-sha256", "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256"):
        etree.SubElement(extensions, f"{{{_ALG}}}SigningMethod", {"Algorithm": method})
    etree.SubElement(extensions, f"{{{_ALG}}}DigestMethod", {"Algorithm": f"{XENC}sha256"})
    info = etree.SubElement(extensions, f"{{{_MDUI}}}UIInfo")
    name = etree.SubElement(info, f"{{{_MDUI}}}DisplayName", {f"{{{_XML}}}lang": "en"})
    name.text = g.tenant.name


def _add_services(role: Element, name: str, location: str) -> None:
    for binding in ("HTTP-Redirect", "HTTP-POST"):
        etree.SubElement(role, f"{{{MD}}}{name}", {"Binding": f"{BINDINGS}{binding}", "Location": location})


def _add_organization(root: Element) -> None:
    """Metadata, 2.3.2.1; a contact where the tenant names one with an address."""
    organization = etree.SubElement(root, f"{{{MD}}}Organization")
    named = (
        ("OrganizationName", g.tenant.name),
        ("OrganizationDisplayName", g.tenant.name),
        ("OrganizationURL", g.tenant.base_url),
    )
    for name, text in named:
        etree.SubElement(organization, f"{{{MD}}}{name}", {f"{{{_XML}}}lang": "en"}).text = text
    for contact in g.tenant.contacts:
        if contact.email:
            person = etree.SubElement(root, f"{{{MD}}}ContactPerson", {"contactType": "technical"})
            etree.SubElement(person, f"{{{MD}}}GivenName").text = contact.label
            etree.SubElement(person, f"{{{MD}}}EmailAddress").text = f"mailto:{contact.email}"
            return
