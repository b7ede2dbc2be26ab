"""Codes and tokens of the simulated Entra. Codes live in memory: after a restart everybody starts again."""

import base64
import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock
from typing import Any

from joserfc import jwt
from joserfc.jwk import RSAKey

from broker.demo.entra.authorization import AuthorizationRequest
from broker.demo.entra.switches import Switch
from broker.demo.people import DirectoryPerson
from broker.demo.places import DIRECTORY
from tenants.ids import digest, is_same, new_secret

CODE_LIFE = timedelta(minutes=10)
TOKEN_LIFE = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Pick:
    """What a code stands for: who was picked, for which request, with which switch on."""

    person: DirectoryPerson
    switch: Switch
    request: AuthorizationRequest
    at: datetime

    def is_verifier(self, verifier: str) -> bool:
        """Does the PKCE verifier belong to the challenge of the request (RFC 7636, 4.6)?"""
        hashed = hashlib.sha256(verifier.encode()).digest()
        return is_same(base64.urlsafe_b64encode(hashed).decode().rstrip("="), self.request.code_challenge)


class Codes:
    """Authorization codes, each good for one use."""

    def __init__(self) -> None:
        self._picks: dict[str, Pick] = {}
        self._lock = Lock()

    def issue(self, pick: Pick) -> str:
        code = new_secret()
        with self._lock:
            self._picks = {key: old for key, old in self._picks.items() if pick.at - old.at < CODE_LIFE}
            self._picks[code] = pick
        return code

    def redeem(self, code: str, now: datetime) -> Pick | None:
        with self._lock:
            pick = self._picks.pop(code, None)
        return pick if pick and now - pick.at < CODE_LIFE else None


class Signer:
    """Signs with the directory's key, RS256."""

    def __init__(self, private_jwk: dict[str, Any], base_url: str) -> None:
        self._key = RSAKey.import_key(private_jwk)
        self._base_url = base_url

    def issuer(self, directory: str) -> str:
        return f"{self._base_url}/{directory}/v2.0"

    def public_keys(self) -> dict[str, Any]:
        """The JWK set; like Microsoft's, each key names the issuer it belongs to."""
        key = {**self._key.as_dict(private=False), "use": "sig", "alg": "RS256", "issuer": self.issuer(DIRECTORY)}
        return {"keys": [key]}

    def id_token(self, pick: Pick, now: datetime) -> str:
        header = {"alg": "RS256", "typ": "JWT", "kid": self._key.kid}
        return jwt.encode(header, self._claims(pick, now), self._key, algorithms=["RS256"])

    def _claims(self, pick: Pick, now: datetime) -> dict[str, Any]:
        claims = {**_claims_of_person(pick), **pick.switch.claims}
        return {
            **claims,
            "iss": self.issuer(claims["tid"]),
            "iat": int(now.timestamp()),
            "nbf": int(now.timestamp()),
            "exp": int((now + TOKEN_LIFE).timestamp()),
            "auth_time": int(pick.at.timestamp()),
        }


def _claims_of_person(pick: Pick) -> dict[str, Any]:
    person, request = pick.person, pick.request
    claims: dict[str, Any] = {
        "aud": request.client_id,
        "ver": "2.0",
        "tid": DIRECTORY,
        "oid": person.oid,
        # pairwise: the same person has another `sub` at another application
        "sub": digest(f"{request.client_id} {person.oid}")[:43],
        "preferred_username": person.email,
        "xms_edov": person.is_address_verified,
    }
    scopes = request.scope.split()
    if "profile" in scopes:
        claims |= {"name": person.name, "given_name": person.given_name, "family_name": person.family_name}
    if "email" in scopes:
        claims["email"] = person.email
    claims |= {name: list(values) for name, values in (("groups", person.groups), ("roles", person.roles)) if values}
    if person.home:
        claims["idp"] = f"https://sts.windows.net/{person.home}/"
    if request.nonce:
        claims["nonce"] = request.nonce
    return claims
