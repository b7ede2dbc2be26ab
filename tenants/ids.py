"""Identifiers and secrets: random, with a prefix that says what they name."""

import base64
import hashlib
import hmac
import secrets

# No 0 O 1 I L: a reference is read aloud on the telephone.
_READABLE = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"


def new_id(prefix: str) -> str:
    """A fresh identifier such as `acc_k3v…`: the prefix and 128 random bits in lower-case base32."""
    return f"{prefix}_{base64.b32encode(secrets.token_bytes(16)).decode().rstrip('=').lower()}"


def new_secret() -> str:
    """256 random bits as 43 URL-safe characters."""
    return secrets.token_urlsafe(32)


def new_reference() -> str:
    """A short reference that a person can read out: two groups of four, such as `K7QF-29XM`."""
    letters = "".join(secrets.choice(_READABLE) for _ in range(8))
    return f"{letters[:4]}-{letters[4:]}"


def digest(secret: str) -> str:
    """SHA-256 of a random secret in hex: what is stored instead of it.

    Fast on purpose: our secrets have 256 random bits, so nothing is gained by a slow hash (performance.md 5.3).
    """
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def is_same(left: str, right: str) -> bool:
    """Compare two secrets in constant time, whatever characters they hold."""
    return hmac.compare_digest(left.encode("utf-8", "surrogatepass"), right.encode("utf-8", "surrogatepass"))
