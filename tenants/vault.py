"""Secrets at rest: sealed with AES-256-GCM under a master key, bound to the place where they stand.

A sealed value is `v1.<key id>.<nonce and ciphertext, base64url>`. Tenant, table, column and row id go in as
associated data, so that a value copied to another row, column or tenant does not open.
"""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_VERSION = "v1"
_NONCE = 12
PLATFORM = "platform"
"""Stands for the tenant in the place of what belongs to none."""


class VaultError(Exception):
    """A sealed value does not open: another key, another place, or tampered with."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a sealed value stands: what it is bound to."""

    tenant_id: str
    table: str
    column: str
    row_id: str

    def encoded(self) -> bytes:
        """Unambiguous bytes: each part with its length before it."""
        parts = (self.tenant_id, self.table, self.column, self.row_id)
        return b"".join(len(part.encode()).to_bytes(4, "big") + part.encode() for part in parts)


class Vault:
    """Seals and opens. The first key seals; all of them open, which is what makes rotation possible."""

    def __init__(self, keys: Mapping[str, bytes]) -> None:
        """`keys` maps a short key id to 32 bytes, newest first."""
        if not keys:
            raise ValueError("the vault needs at least one key")
        if any(len(key) != 32 for key in keys.values()):
            raise ValueError("a vault key has 32 bytes")
        self._ciphers = {key_id: AESGCM(key) for key_id, key in keys.items()}
        self._newest = next(iter(keys))
        self._derivation = keys[self._newest]
        self._signing = {key_id: _derived(key, "sign") for key_id, key in keys.items()}

    def seal(self, text: str, place: Place) -> str:
        """Seal `text` for `place` with the newest key."""
        nonce = secrets.token_bytes(_NONCE)
        box = nonce + self._ciphers[self._newest].encrypt(nonce, text.encode(), place.encoded())
        return f"{_VERSION}.{self._newest}.{base64.urlsafe_b64encode(box).decode()}"

    def open(self, sealed: str, place: Place) -> str:
        """The text that was sealed for exactly this place. Raises VaultError."""
        try:
            version, key_id, encoded = sealed.split(".")
            cipher = self._ciphers[key_id]
            box = base64.urlsafe_b64decode(encoded)
            if version != _VERSION:
                raise VaultError(f"unknown version {version}")
            return cipher.decrypt(box[:_NONCE], box[_NONCE:], place.encoded()).decode()
        except (ValueError, KeyError, InvalidTag) as error:
            raise VaultError(f"the value at {place.table}.{place.column} does not open") from error

    def is_current(self, sealed: str) -> bool:
        """Was this value sealed with the newest key?"""
        return sealed.startswith(f"{_VERSION}.{self._newest}.")

    def derive(self, purpose: str) -> bytes:
        """32 bytes for another use (cookie signatures and the like), one-way from the newest key."""
        return _derived(self._derivation, purpose)

    def sign(self, content: bytes) -> str:
        """Shows that whoever wrote this had the newest key: `<key id>.<HMAC>`."""
        return f"{self._newest}.{hmac.digest(self._signing[self._newest], content, 'sha256').hex()}"

    def has_signed(self, content: bytes, signature: str | None) -> bool | None:
        """Is this one of our signatures on exactly this? None: by a key that we have not."""
        key_id, _dot, code = (signature or "").partition(".")
        if not code:
            return False
        key = self._signing.get(key_id)
        return None if key is None else hmac.compare_digest(hmac.digest(key, content, "sha256").hex(), code)


def _derived(key: bytes, purpose: str) -> bytes:
    return hmac.new(key, f"derive:{purpose}".encode(), hashlib.sha256).digest()
