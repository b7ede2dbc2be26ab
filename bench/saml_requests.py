"""Requests of the SAML application that the bench signs in to."""

import zlib
from base64 import b64encode
from datetime import datetime
from urllib.parse import urlencode

from bench.site import ENTITY_ID
from tenants.ids import new_secret


def saml_query(now: datetime) -> str:
    """Its query by the Redirect binding: another one each time, as each is answered once."""
    attributes = f'ID="_{new_secret()}" Version="2.0" IssueInstant="{now:%Y-%m-%dT%H:%M:%SZ}"'
    names = 'xmlns:p="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:a="urn:oasis:names:tc:SAML:2.0:assertion"'
    text = f"<p:AuthnRequest {names} {attributes}><a:Issuer>{ENTITY_ID}</a:Issuer></p:AuthnRequest>"
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    packed = packer.compress(text.encode()) + packer.flush()
    return urlencode({"SAMLRequest": b64encode(packed).decode()})
