"""Our name and addresses as an identity provider, and the key that signs now."""

from typing import Any

from flask import g

from broker.own_keys import own_keys
from broker.saml_xml.keys import OwnKey
from broker.saml_xml.sending import xmlsec_key
from broker.tenancy import tenant_url
from broker.wiring import the_broker
from tenants.causes import Cause, Refusal
from tenants.signing import SAML_IDP

METADATA_PATH, SSO_PATH, SLO_PATH = "/saml/idp/metadata", "/saml/idp/sso", "/saml/idp/slo"


def entity_id() -> str:
    """What we are called: the address of our metadata."""
    return tenant_url(METADATA_PATH)


def sso_url() -> str:
    return tenant_url(SSO_PATH)


def slo_url() -> str:
    return tenant_url(SLO_PATH)


def published_keys() -> tuple[OwnKey, ...]:
    """The one that signs first. Raises Refusal for a tenant that has none yet: it is made with the tenant's file."""
    keys = own_keys(SAML_IDP)
    if not keys or not keys[0].is_active:
        raise Refusal(Cause.PAGE_UNKNOWN, "the tenant has no key for SAML applications yet: apply its file once more")
    return keys


def signing_key() -> OwnKey:
    return published_keys()[0]


def signer() -> Any:
    """The same as xmlsec takes it, made once for each version of the configuration."""
    key = signing_key()
    return the_broker().snapshots.keep(g.tenant, "saml.idp.signer", lambda: xmlsec_key(key))
