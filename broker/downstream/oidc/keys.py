"""The tenant's signing keys as objects, made once for each version of its configuration."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, cast

from flask import g
from joserfc.jwk import ECKey, RSAKey

from broker.wiring import the_broker
from tenants.causes import Cause, ProtocolFault
from tenants.keys import KeyState, place_of_private
from tenants.signing import rsa_private_key
from tenants.snapshot import KeyConfig, TenantConfig

ALGORITHMS = ("RS256", "ES256")
"""What an application may choose for its ID tokens. Never `none`, and no secret as a key (security.md, OD-09)."""
_PUBLIC_MEMBERS = frozenset({"kty", "kid", "use", "alg", "n", "e", "crv", "x", "y"})

Key = RSAKey | ECKey


@dataclass(frozen=True, slots=True)
class NamedKey:
    """A key with what its tokens' headers say of it."""

    kid: str
    algorithm: str
    key: Key


def signer(algorithm: str, tenant: TenantConfig | None = None) -> NamedKey:
    """The private key that signs with this algorithm now. Raises ProtocolFault where the tenant has none."""
    of: TenantConfig = tenant or g.tenant
    return the_broker().snapshots.keep(of, f"oidc.signer.{algorithm}", lambda: _signer(of, algorithm))


class Verifiers:
    """The published keys of one version of a tenant's configuration by their id; another version's are never the same."""

    __slots__ = ("_by_kid",)

    def __init__(self, keys: Iterable[NamedKey]) -> None:
        self._by_kid = {key.kid: key for key in keys}

    def find(self, kid: object) -> NamedKey | None:
        """The key of this id, which comes from a token's header and may be anything."""
        return self._by_kid.get(kid) if isinstance(kid, str) else None


def verifiers() -> Verifiers:
    """What tokens of this request's tenant may be signed with."""
    tenant: TenantConfig = g.tenant
    return the_broker().snapshots.keep(tenant, "oidc.verifiers", lambda: _verifiers(tenant))


def token_keys(tenant: TenantConfig) -> list[KeyConfig]:
    """The keys that tokens may be signed with; those for SAML are none of them."""
    return [key for key in tenant.keys if key.algorithm in ALGORITHMS]


def public_jwk(key: KeyConfig) -> dict[str, Any]:
    """What the key set shows of a key: members that are public by their name, whatever the row holds."""
    return {name: value for name, value in key.public_jwk.items() if name in _PUBLIC_MEMBERS}


def _signer(tenant: TenantConfig, algorithm: str) -> NamedKey:
    if algorithm in ALGORITHMS:
        for key in tenant.keys:
            if key.algorithm == algorithm and key.state == KeyState.ACTIVE:
                jwk = json.loads(the_broker().vault.open(key.private_sealed, place_of_private(tenant.id, key.kid)))
                return NamedKey(key.kid, algorithm, _private_key(jwk))
    raise ProtocolFault(Cause.CLIENT_INVALID, f"no key for {algorithm}", error="unauthorized_client", status=400)


def _verifiers(tenant: TenantConfig) -> Verifiers:
    return Verifiers(NamedKey(key.kid, key.algorithm, _public_key(public_jwk(key))) for key in token_keys(tenant))


def _public_key(jwk: dict[str, Any]) -> Key:
    return RSAKey.import_key(jwk) if jwk["kty"] == "RSA" else ECKey.import_key(jwk)


def _private_key(jwk: dict[str, Any]) -> Key:
    if jwk["kty"] != "RSA":
        return ECKey.import_key(jwk)
    named = cast(Any, {name: jwk[name] for name in ("kid", "use", "alg")})
    return RSAKey.import_key(rsa_private_key(jwk), named)
