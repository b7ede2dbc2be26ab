"""A provider's published keys, parsed once: what of a JWK set may verify an ID token (RFC 7517)."""

from base64 import urlsafe_b64decode
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, JWKRegistry, Key, OKPKey, RSAKey

# Fixed here, never taken from the provider's own metadata. RS256 is what nearly all send; the rest is what the usual
# servers can be set to. None of them is symmetric: the client secret is not a signing key for us.
KEY_OF_ALGORITHM = {
    "RS256": "RSA",
    "RS384": "RSA",
    "RS512": "RSA",
    "PS256": "RSA",
    "ES256": "P-256",
    "EdDSA": "Ed25519",
}
MIN_RSA_BITS = 2048
MAX_RSA_BITS = 8192
MAX_KEYS = 100


@dataclass(frozen=True, slots=True)
class SigningKey:
    kid: str | None
    family: str
    algorithm: str | None
    key: Key

    def fits(self, algorithm: str) -> bool:
        return self.family == KEY_OF_ALGORITHM[algorithm] and self.algorithm in (None, algorithm)


class SigningKeys:
    """The usable keys of a set. A key that we can't use is passed over, not a fault (RFC 7517, 5)."""

    def __init__(self, jwks: Mapping[str, Any], *, of_all: str | None = None) -> None:
        """Raises ValueError when it is no JWK set. `of_all`: leave out keys that name another issuer than this."""
        entries = jwks.get("keys")
        if not isinstance(entries, list):
            raise ValueError("no list of keys")
        if of_all is not None:
            entries = [entry for entry in entries if isinstance(entry, dict) and entry.get("issuer", of_all) == of_all]
        self._keys = tuple(key for key in map(_signing_key, entries[:MAX_KEYS]) if key is not None)

    def __len__(self) -> int:
        return len(self._keys)

    def find(self, kid: str | None, algorithm: str) -> Key | None:
        """The one key that a token's header means; without a `kid` only where there is no choice (Core, 10.1)."""
        fitting = [key.key for key in self._keys if key.fits(algorithm) and (kid is None or key.kid == kid)]
        return fitting[0] if len(fitting) == 1 else None


def _signing_key(entry: object) -> SigningKey | None:
    if not isinstance(entry, dict) or entry.get("use", "sig") != "sig" or not _may_verify(entry.get("key_ops")):
        return None
    kid, algorithm = entry.get("kid"), entry.get("alg")
    if not isinstance(kid, str | None) or not isinstance(algorithm, str | None):
        return None
    if entry.get("kty") == "RSA" and not MIN_RSA_BITS <= _bits(entry.get("n")) <= MAX_RSA_BITS:
        return None
    # Only what makes up a public key: a stray private member or an odd parameter must not decide anything.
    public = {name: entry[name] for name in ("kty", "n", "e", "crv", "x", "y") if name in entry}
    try:
        key = JWKRegistry.import_key(public)
    except (JoseError, ValueError, TypeError, KeyError):
        return None
    family = _family(key)
    return SigningKey(kid, family, algorithm, key) if family else None


def _may_verify(operations: object) -> bool:
    return operations is None or (isinstance(operations, list) and "verify" in operations)


def _family(key: Key) -> str | None:
    if isinstance(key, RSAKey):
        return "RSA"
    return str(key.curve_name) if isinstance(key, ECKey | OKPKey) else None


def _bits(number: object) -> int:
    """How long a base64url number is; 0 for what is none."""
    if not isinstance(number, str) or len(number) > 2 * MAX_RSA_BITS // 6:
        return 0
    try:
        return int.from_bytes(urlsafe_b64decode(number + "=" * (-len(number) % 4)), "big").bit_length()
    except ValueError:
        return 0
