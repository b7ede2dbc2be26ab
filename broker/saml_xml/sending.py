"""A message of ours on its way by the browser, signed: in the address (Bindings, 3.4) or in a form (Bindings, 3.5)."""

import base64
import zlib
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

import xmlsec
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from lxml import etree

from broker.saml_xml.keys import OwnKey
from broker.saml_xml.xml import ISSUER, RSA_SHA256, SAML, SAMLP, Element, serialised, written


def new_message(name: str, new_id: str, destination: str, us: str, at: datetime, **more: str) -> Element:
    """A message of the protocol with its issuer, to be filled (Core, 3.2.1 and 3.2.2)."""
    attributes = {"ID": new_id, "Version": "2.0", "IssueInstant": written(at), "Destination": destination, **more}
    root = etree.Element(f"{{{SAMLP}}}{name}", attributes, nsmap={"samlp": SAMLP, "saml": SAML})
    etree.SubElement(root, ISSUER).text = us
    return root


def in_address(field: str, message: Element, destination: str, relay_state: str, key: OwnKey) -> str:
    """`field` is SAMLRequest or SAMLResponse; the signature is over the query as it stands there (3.4.4.1)."""
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    packed = packer.compress(serialised(message)) + packer.flush()
    values = {field: base64.b64encode(packed).decode()}
    if relay_state:
        values["RelayState"] = relay_state
    query = urlencode(values | {"SigAlg": RSA_SHA256})
    signature = key.private.sign(query.encode(), PKCS1v15(), hashes.SHA256())
    joint = "&" if "?" in destination else "?"
    return f"{destination}{joint}{query}&{urlencode({'Signature': base64.b64encode(signature).decode()})}"


def in_form(field: str, message: Element, relay_state: str, key: OwnKey) -> dict[str, str]:
    """The fields of the form that goes there; the signature stands behind the issuer (Core, 5.4)."""
    sign(message, key)
    fields = {field: base64.b64encode(serialised(message)).decode()}
    return fields | {"RelayState": relay_state} if relay_state else fields


def sign(element: Element, key: OwnKey, *, signer: Any = None, place: int = 1) -> None:
    """Put a signature of the whole element behind its issuer, or at another place among its children.

    `signer`: the key as xmlsec has it, where it is kept.
    """
    template = xmlsec.template.create(element, xmlsec.Transform.EXCL_C14N, xmlsec.Transform.RSA_SHA256, ns="ds")
    element.insert(place, template)
    reference = xmlsec.template.add_reference(template, xmlsec.Transform.SHA256, uri=f"#{element.get('ID')}")
    xmlsec.template.add_transform(reference, xmlsec.Transform.ENVELOPED)
    xmlsec.template.add_transform(reference, xmlsec.Transform.EXCL_C14N)
    key_info = xmlsec.template.ensure_key_info(template)
    certificate = xmlsec.template.x509_data_add_certificate(xmlsec.template.add_x509_data(key_info))
    certificate.text = base64.b64encode(key.certificate).decode()
    xmlsec.tree.add_ids(element, ["ID"])
    context = xmlsec.SignatureContext()
    context.key = signer or xmlsec_key(key)
    context.sign(template)


def xmlsec_key(key: OwnKey) -> Any:
    """One of our keys as xmlsec takes it."""
    pem = key.private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return xmlsec.Key.from_memory(pem, xmlsec.KeyFormat.PEM, None)
