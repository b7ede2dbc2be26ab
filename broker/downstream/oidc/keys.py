"""The tenant's signing keys as objects, made once for each version of its configuration."""

import json
from base64 import urlsafe_b64decode
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateNumbers, RSAPublicNumbers
from flask import g
from joserfc.jwk import ECKey, RSAKey

from broker.wiring import the_broker
from tenants.causes import Cause, ProtocolFault
from tenants.keys import KeyState, place_of_private
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


def signer(algorithm: str) -> NamedKey:
    """The private key that signs with this algorithm now. Raises ProtocolFault where the tenant has none."""
    tenant: TenantConfig = g.tenant
    return the_broker().snapshots.keep(tenant, f"oidc.signer.{algorithm}", lambda: _signer(tenant, algorithm))


def verifier(kid: object) -> NamedKey | None:
    """The published key of this id, or None: what tokens of this tenant may be signed with."""
    tenant: TenantConfig = g.tenant
    known = the_broker().snapshots.keep(tenant, "oidc.verifiers", lambda: _verifiers(tenant))
    return known.get(kid) if isinstance(kid, str) else None


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


def _verifiers(tenant: TenantConfig) -> dict[str, NamedKey]:
    return {
        key.kid: NamedKey(key.kid, key.algorithm, _public_key(public_jwk(key)))
        for key in tenant.keys
        if key.algorithm in ALGORITHMS
    }


def _public_key(jwk: dict[str, Any]) -> Key:
    return RSAKey.import_key(jwk) if jwk["kty"] == "RSA" else ECKey.import_key(jwk)


def _private_key(jwk: dict[str, Any]) -> Key:
    """Ours, made by tenants/signing.py and sealed since: the check of an RSA key, 38 ms, is spared (performance.md 5.5)."""
    if jwk["kty"] != "RSA":
        return ECKey.import_key(jwk)
    numbers = _rsa_numbers(jwk)
    named = cast(Any, {name: jwk[name] for name in ("kid", "use", "alg")})
    return RSAKey.import_key(numbers.private_key(unsafe_skip_rsa_key_validation=True), named)


def _rsa_numbers(jwk: Mapping[str, str]) -> RSAPrivateNumbers:
    n, e, d, p, q, dp, dq, qi = (_whole(jwk[name]) for name in ("n", "e", "d", "p", "q", "dp", "dq", "qi"))
    return RSAPrivateNumbers(p, q, d, dp, dq, qi, RSAPublicNumbers(e, n))


def _whole(text: str) -> int:
    return int.from_bytes(urlsafe_b64decode(text + "=" * (-len(text) % 4)), "big")
