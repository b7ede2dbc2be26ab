"""The tenant's keys for SAML as objects, made once for each version of its configuration."""

import json

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from flask import g

from broker.saml_xml.keys import OwnKey
from broker.wiring import the_broker
from tenants.keys import KeyState, SigningKey, place_of_private
from tenants.signing import SAML, certificate_of, rsa_private_key
from tenants.snapshot import KeyConfig, TenantConfig
from tenants.vault import Vault


def own_keys(algorithm: str = SAML) -> tuple[OwnKey, ...]:
    """The active one first, then those that are published beside it. `algorithm`: which of the tenant's two sorts."""
    tenant: TenantConfig = g.tenant
    return the_broker().snapshots.keep(tenant, f"saml.keys.{algorithm}", lambda: _keys(tenant, algorithm))


def _keys(tenant: TenantConfig, algorithm: str) -> tuple[OwnKey, ...]:
    made = [_key(tenant, key) for key in tenant.keys if key.algorithm == algorithm]
    return tuple(sorted(made, key=lambda key: not key.is_active))


def _key(tenant: TenantConfig, key: KeyConfig) -> OwnKey:
    private = _private(the_broker().vault, tenant.id, key.kid, key.private_sealed)
    certificate = certificate_of(private, key.kid, key.created_at)
    return OwnKey(key.kid, private, certificate, is_active=key.state == KeyState.ACTIVE)


def certificate_of_row(vault: Vault, tenant_id: str, key: SigningKey) -> bytes:
    """The certificate (DER) of a key as it stands in the database."""
    return certificate_of(_private(vault, tenant_id, key.id, key.private_sealed), key.id, key.created_at)


def _private(vault: Vault, tenant_id: str, kid: str, sealed: str) -> RSAPrivateKey:
    return rsa_private_key(json.loads(vault.open(sealed, place_of_private(tenant_id, kid))))
