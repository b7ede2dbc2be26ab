"""A device with passkeys, in software: makes key pairs and signs as Web Authentication (level 3) says, or lies as told.

    device = Authenticator("http://localhost:8000")
    made = device.create(options)                       # JSON in, JSON out, as the page's script has them
    answer = device.get(options, is_verified=False)     # one lie for each named argument

Written with `cryptography` and `cbor2` alone, so that it shares nothing with the library that the product checks by.
"""

import base64
import hashlib
import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import cbor2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

ES256, EDDSA, RS256 = -7, -8, -257
PRESENT, VERIFIED, MAY_BACK_UP, BACKED_UP, HAS_KEY = 0x01, 0x04, 0x08, 0x10, 0x40


def encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


@dataclass
class Key:
    """One passkey: what it is called, whose it is, and its private half."""

    id: bytes
    user: bytes
    sign: Callable[[bytes], bytes]
    cose: bytes
    """The public half as the product stores it."""
    count: int = 0


class Authenticator:
    """`origin` is where its browser is; `counts`: whether its counter goes up."""

    def __init__(self, origin: str, *, algorithm: int = ES256, counts: bool = True) -> None:
        self.origin = origin
        self.algorithm = algorithm
        self.counts = counts
        self.keys: list[Key] = []

    def make_key(self, user: str) -> Key:
        """A key pair for an account, as `create` makes it."""
        sign, cose = _MAKERS[self.algorithm]()
        self.keys.append(Key(os.urandom(32), user.encode(), sign, cbor2.dumps(cose)))
        return self.keys[-1]

    def create(self, options: str, **lies: Any) -> str:
        """What `navigator.credentials.create()` gives."""
        asked = json.loads(options)
        key = self.make_key(decoded(asked["user"]["id"]).decode())
        if "claimed" in lies:
            key.cose = cbor2.dumps(cbor2.loads(key.cose) | {3: lies["claimed"]})
        attested = bytes(16) + len(key.id).to_bytes(2, "big") + key.id + key.cose
        data = self._data(asked["rp"]["id"], key, lies, HAS_KEY) + attested
        statement = {"fmt": "none", "attStmt": {}, "authData": data}
        response = {
            "clientDataJSON": encoded(self._client_data("webauthn.create", asked["challenge"], lies)),
            "attestationObject": encoded(cbor2.dumps(statement)),
            "transports": ["internal", "hybrid"],
        }
        return json.dumps(self._answer(key, response))

    def get(self, options: str, *, key: Key | None = None, **lies: Any) -> str:
        """What `navigator.credentials.get()` gives, by `key` or the newest one."""
        asked = json.loads(options)
        key = key or self.keys[-1]
        if self.counts:
            key.count += 1
        data = self._data(asked["rpId"], key, lies)
        client_data = self._client_data("webauthn.get", asked["challenge"], lies)
        signature = (lies.get("signed_by") or key).sign(data + hashlib.sha256(client_data).digest())
        response = {
            "clientDataJSON": encoded(client_data),
            "authenticatorData": encoded(data),
            "signature": encoded(signature),
            "userHandle": encoded(lies.get("user_handle", key.user)) or None,
        }
        return json.dumps(self._answer(key, response))

    def _data(self, rp_id: str, key: Key, lies: Mapping[str, Any], more: int = 0) -> bytes:
        flags = more | (PRESENT if lies.get("is_present", True) else 0) | (VERIFIED if lies.get("is_verified", True) else 0)
        flags |= lies.get("flags", 0)
        place = hashlib.sha256(lies.get("rp_id", rp_id).encode()).digest()
        return place + bytes([flags]) + lies.get("count", key.count).to_bytes(4, "big")

    def _client_data(self, kind: str, challenge: str, lies: Mapping[str, Any]) -> bytes:
        said = {
            "type": lies.get("type", kind),
            "challenge": lies.get("challenge", challenge),
            "origin": lies.get("origin", self.origin),
            "crossOrigin": lies.get("cross_origin", False),
        }
        return json.dumps(said).encode()

    def _answer(self, key: Key, response: Mapping[str, Any]) -> dict[str, Any]:
        return {"id": encoded(key.id), "rawId": encoded(key.id), "type": "public-key", "response": response}


def relying_party(url: str) -> str:
    """The RP id of an address."""
    return urlsplit(url).hostname or ""


def _es256() -> tuple[Callable[[bytes], bytes], dict[int, Any]]:
    private = ec.generate_private_key(ec.SECP256R1())
    point = private.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    cose = {1: 2, 3: ES256, -1: 1, -2: point[1:33], -3: point[33:]}
    return lambda data: private.sign(data, ec.ECDSA(hashes.SHA256())), cose


def _eddsa() -> tuple[Callable[[bytes], bytes], dict[int, Any]]:
    private = ed25519.Ed25519PrivateKey.generate()
    cose = {1: 1, 3: EDDSA, -1: 6, -2: private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)}
    return private.sign, cose


def _rs256() -> tuple[Callable[[bytes], bytes], dict[int, Any]]:
    private = rsa.generate_private_key(65537, 2048)
    numbers = private.public_key().public_numbers()
    cose = {1: 3, 3: RS256, -1: numbers.n.to_bytes(256, "big"), -2: numbers.e.to_bytes(3, "big")}
    return lambda data: private.sign(data, padding.PKCS1v15(), hashes.SHA256()), cose


_MAKERS = {ES256: _es256, EDDSA: _eddsa, RS256: _rs256}
