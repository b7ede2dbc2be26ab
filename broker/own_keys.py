"""The tenant's keys for SAML as objects, made once for each version of its configuration."""

import json

from flask import g

from broker.upstream.kind import OwnKey
from broker.wiring import the_broker
from tenants.keys import KeyState, place_of_private
from tenants.signing import SAML, certificate_of, rsa_private_key
from tenants.snapshot import KeyConfig, TenantConfig


def own_keys() -> tuple[OwnKey, ...]:
    """The active one first, then those that are published beside it."""
    tenant: TenantConfig = g.tenant
    return the_broker().snapshots.keep(tenant, "saml.keys", lambda: _keys(tenant))


def _keys(tenant: TenantConfig) -> tuple[OwnKey, ...]:
    made = [_key(tenant, key) for key in tenant.keys if key.algorithm == SAML]
    return tuple(sorted(made, key=lambda key: not key.is_active))


def _key(tenant: TenantConfig, key: KeyConfig) -> OwnKey:
    jwk = json.loads(the_broker().vault.open(key.private_sealed, place_of_private(tenant.id, key.kid)))
    private = rsa_private_key(jwk)
    certificate = certificate_of(private, key.kid, key.created_at)
    return OwnKey(key.kid, private, certificate, is_active=key.state == KeyState.ACTIVE)
