"""Our AuthnRequest, signed with the tenant's key: in the address (Bindings, 3.4) or in a form (Bindings, 3.5)."""

import base64
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

import xmlsec
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from lxml import etree

from broker.upstream.kind import OwnKey
from broker.upstream.saml_parts.decryption import xmlsec_key
from broker.upstream.saml_parts.xml import BINDINGS, RSA_SHA256, SAML, SAMLP, Element, serialised, written
from tenants.causes import Cause, UpstreamFailure


@dataclass(frozen=True, slots=True)
class Asking:
    """What is asked. `name_id_format` empty: the provider chooses; `is_forced`: not by an older sign-in."""

    request_id: str
    destination: str
    issuer: str
    recipient: str
    at: datetime
    name_id_format: str = ""
    is_forced: bool = False


def redirected(asking: Asking, relay_state: str, key: OwnKey) -> str:
    """The provider's address with the request in it; the signature is over the query as it stands there (3.4.4.1)."""
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    packed = packer.compress(serialised(_request(asking))) + packer.flush()
    values = {"SAMLRequest": base64.b64encode(packed).decode(), "RelayState": relay_state, "SigAlg": RSA_SHA256}
    query = urlencode(values)
    signature = key.private.sign(query.encode(), PKCS1v15(), hashes.SHA256())
    joint = "&" if "?" in asking.destination else "?"
    return f"{asking.destination}{joint}{query}&{urlencode({'Signature': base64.b64encode(signature).decode()})}"


def posted(asking: Asking, relay_state: str, key: OwnKey) -> dict[str, str]:
    """The fields of the form that goes to the provider."""
    request = _request(asking)
    template = xmlsec.template.create(request, xmlsec.Transform.EXCL_C14N, xmlsec.Transform.RSA_SHA256, ns="ds")
    request.insert(1, template)
    reference = xmlsec.template.add_reference(template, xmlsec.Transform.SHA256, uri=f"#{asking.request_id}")
    xmlsec.template.add_transform(reference, xmlsec.Transform.ENVELOPED)
    xmlsec.template.add_transform(reference, xmlsec.Transform.EXCL_C14N)
    key_info = xmlsec.template.ensure_key_info(template)
    certificate = xmlsec.template.x509_data_add_certificate(xmlsec.template.add_x509_data(key_info))
    certificate.text = base64.b64encode(key.certificate).decode()
    xmlsec.tree.add_ids(request, ["ID"])
    context = xmlsec.SignatureContext()
    context.key = xmlsec_key(key)
    context.sign(template)
    return {"SAMLRequest": base64.b64encode(serialised(request)).decode(), "RelayState": relay_state}


def signing_key(keys: Sequence[OwnKey]) -> OwnKey:
    """The key that signs now. Raises UpstreamFailure for a tenant that has none yet."""
    for key in keys:
        if key.is_active:
            return key
    raise UpstreamFailure(Cause.CONNECTION_MISCONFIGURED, "the tenant has no SAML key: apply its file once more")


def _request(asking: Asking) -> Element:
    """Core, 3.4.1. No index beside the address, and no AuthnContext: Entra refuses who came by another way (75011)."""
    attributes = {
        "ID": asking.request_id,
        "Version": "2.0",
        "IssueInstant": written(asking.at),
        "Destination": asking.destination,
        "AssertionConsumerServiceURL": asking.recipient,
        "ProtocolBinding": f"{BINDINGS}HTTP-POST",
    }
    if asking.is_forced:
        attributes["ForceAuthn"] = "true"
    request = etree.Element(f"{{{SAMLP}}}AuthnRequest", attributes, nsmap={"samlp": SAMLP, "saml": SAML})
    etree.SubElement(request, f"{{{SAML}}}Issuer").text = asking.issuer
    policy = {"AllowCreate": "true"}
    if asking.name_id_format:
        policy["Format"] = asking.name_id_format
    etree.SubElement(request, f"{{{SAMLP}}}NameIDPolicy", policy)
    return request
