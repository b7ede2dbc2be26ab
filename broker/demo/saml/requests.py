"""An AuthnRequest as the simulated company login reads it (Bindings, 3.4 and 3.5)."""

import base64
import binascii
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lxml import etree

SAML = "urn:oasis:names:tc:SAML:2.0:assertion"
SAMLP = "urn:oasis:names:tc:SAML:2.0:protocol"
MAX_REQUEST = 20_000
_PARSER = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)


@dataclass(frozen=True, slots=True)
class ServiceProvider:
    """The one that may ask: its entity id, and where answers go."""

    name: str
    entity_id: str
    acs_url: str
    slo_url: str = ""


@dataclass(frozen=True, slots=True)
class AuthnRequest:
    id: str
    issuer: str
    acs_url: str

    def is_of(self, known: ServiceProvider) -> bool:
        return bool(self.id) and (self.issuer, self.acs_url) == (known.entity_id, known.acs_url)


def read_request(values: Mapping[str, str], *, is_form: bool) -> AuthnRequest | None:
    """None for what is no such request."""
    root = read_message(values.get("SAMLRequest", ""), limit=MAX_REQUEST, is_form=is_form)
    if root is None or root.tag != f"{{{SAMLP}}}AuthnRequest":
        return None
    return AuthnRequest(
        id=root.get("ID", ""),
        issuer=(root.findtext(f"{{{SAML}}}Issuer") or "").strip(),
        acs_url=root.get("AssertionConsumerServiceURL", ""),
    )


def read_message(encoded: str, *, limit: int, is_form: bool = False) -> Any:
    """The root of what came in a form or in an address; None for what is no document."""
    try:
        data = base64.b64decode(encoded, validate=True)
        data = data if is_form else zlib.decompressobj(wbits=-15).decompress(data, limit)
        return etree.fromstring(data, _PARSER)
    except (binascii.Error, zlib.error, etree.XMLSyntaxError, ValueError):
        return None
