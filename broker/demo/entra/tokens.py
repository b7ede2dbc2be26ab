"""Tokens of the simulated Entra."""

from datetime import datetime
from typing import Any, cast

from joserfc import jwt
from joserfc.jwk import RSAKey

from broker.demo.code_flow.codes import TOKEN_LIFE, Pick
from broker.demo.people import DirectoryPerson
from broker.demo.places import DIRECTORY
from tenants.ids import digest

ALL_ORGANIZATIONS = "organizations"
GROUPS_OF_A_TOKEN = 200


def named(directory: str) -> str:
    """What stands for a directory in an issuer: all organizations together have a placeholder there."""
    return "{tenantid}" if directory == ALL_ORGANIZATIONS else directory


class Signer:
    """Signs with the directory's key, RS256."""

    def __init__(self, private_jwk: dict[str, Any], base_url: str) -> None:
        self._key = RSAKey.import_key(private_jwk)
        self._base_url = base_url

    def issuer(self, directory: str) -> str:
        return f"{self._base_url}/{directory}/v2.0"

    def public_keys(self, directory: str = DIRECTORY) -> dict[str, Any]:
        """The JWK set; like Microsoft's, each key names the issuer it belongs to."""
        key = {**self._key.as_dict(private=False), "use": "sig", "alg": "RS256", "issuer": self.issuer(named(directory))}
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
    person, request = cast(DirectoryPerson, pick.person), pick.request
    claims: dict[str, Any] = {
        "aud": request.client_id,
        "ver": "2.0",
        "tid": person.directory,
        "oid": person.id,
        # pairwise: the same person has another `sub` at another application
        "sub": digest(f"{request.client_id} {person.id}")[:43],
        "preferred_username": person.email,
        "xms_edov": person.is_address_verified,
    }
    scopes = request.scope.split()
    if "profile" in scopes:
        claims |= {"name": person.name, "given_name": person.given_name, "family_name": person.family_name}
    if "email" in scopes:
        claims["email"] = person.email
    claims |= {name: list(values) for name, values in (("groups", person.groups), ("roles", person.roles)) if values}
    if len(person.groups) > GROUPS_OF_A_TOKEN:
        del claims["groups"]
        claims |= {"_claim_names": {"groups": "src1"}, "_claim_sources": {"src1": {"endpoint": "https://graph.example/"}}}
    if person.home:
        claims["idp"] = f"https://sts.windows.net/{person.home}/"
    if request.nonce:
        claims["nonce"] = request.nonce
    return claims
