"""What a service provider has to know about the simulated company login (Metadata, 2.4.3)."""

from broker.demo.saml.requests import SAMLP
from broker.demo.saml.rolling import Rolling
from broker.demo.saml.signer import DS

MD = "urn:oasis:names:tc:SAML:2.0:metadata"
BINDINGS = "urn:oasis:names:tc:SAML:2.0:bindings"


def metadata(base_url: str, rolling: Rolling) -> str:
    certificates = "".join(
        f'<md:KeyDescriptor use="signing"><ds:KeyInfo><ds:X509Data><ds:X509Certificate>{rolling.keys[name].bare}'
        "</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>"
        for name in rolling.published
    )
    services = "".join(
        f'<md:SingleSignOnService Binding="{BINDINGS}:{binding}" Location="{base_url}/sso"/>'
        for binding in ("HTTP-Redirect", "HTTP-POST")
    )
    logout = f'<md:SingleLogoutService Binding="{BINDINGS}:HTTP-Redirect" Location="{base_url}/slo"/>'
    return (
        f'<md:EntityDescriptor xmlns:md="{MD}" xmlns:ds="{DS}" entityID="{base_url}/metadata">'
        f'<md:IDPSSODescriptor protocolSupportEnumeration="{SAMLP}">{certificates}{logout}{services}</md:IDPSSODescriptor>'
        "</md:EntityDescriptor>"
    )
