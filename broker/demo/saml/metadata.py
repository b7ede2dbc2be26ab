"""What a service provider has to know about the simulated company login (Metadata, 2.4.3)."""

from collections.abc import Mapping

from broker.demo.saml.keys import KeyPair
from broker.demo.saml.requests import SAMLP
from broker.demo.saml.signer import DS

MD = "urn:oasis:names:tc:SAML:2.0:metadata"
BINDINGS = "urn:oasis:names:tc:SAML:2.0:bindings"
PUBLISHED = ("today", "old")
"""The old one is still there, as with a provider whose admin has forgotten it."""


def metadata(base_url: str, keys: Mapping[str, KeyPair]) -> str:
    certificates = "".join(
        f'<md:KeyDescriptor use="signing"><ds:KeyInfo><ds:X509Data><ds:X509Certificate>{keys[name].bare}'
        "</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>"
        for name in PUBLISHED
    )
    services = "".join(
        f'<md:SingleSignOnService Binding="{BINDINGS}:{binding}" Location="{base_url}/sso"/>'
        for binding in ("HTTP-Redirect", "HTTP-POST")
    )
    return (
        f'<md:EntityDescriptor xmlns:md="{MD}" xmlns:ds="{DS}" entityID="{base_url}/metadata">'
        f'<md:IDPSSODescriptor protocolSupportEnumeration="{SAMLP}">{certificates}{services}</md:IDPSSODescriptor>'
        "</md:EntityDescriptor>"
    )
