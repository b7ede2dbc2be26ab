"""Tokens of the simulated Google."""

from datetime import datetime
from typing import Any, cast

from joserfc import jwt
from joserfc.jwk import RSAKey

from broker.demo.code_flow.codes import TOKEN_LIFE, Pick
from broker.demo.people import GooglePerson


class Signer:
    """Signs with the one key that Google has for everybody, RS256."""

    def __init__(self, private_jwk: dict[str, Any], issuer: str) -> None:
        self._key = RSAKey.import_key(private_jwk)
        self.issuer = issuer

    def public_keys(self) -> dict[str, Any]:
        return {"keys": [{**self._key.as_dict(private=False), "use": "sig", "alg": "RS256"}]}

    def id_token(self, pick: Pick, now: datetime) -> str:
        header = {"alg": "RS256", "typ": "JWT", "kid": self._key.kid}
        claims = {**self._claims_of_person(pick, now), **pick.switch.claims}
        if claims["iss"] == "older":
            claims["iss"] = self.issuer.partition("://")[2]
        said = {name: value for name, value in claims.items() if value is not None}
        return jwt.encode(header, said, self._key, algorithms=["RS256"])

    def _claims_of_person(self, pick: Pick, now: datetime) -> dict[str, Any]:
        person, asked = cast(GooglePerson, pick.person), pick.request
        claims: dict[str, Any] = {
            "iss": self.issuer,
            "aud": asked.client_id,
            "azp": asked.client_id,
            "sub": person.id,
            "hd": person.workspace or None,
            "nonce": asked.nonce or None,
            "iat": int(now.timestamp()),
            "exp": int((now + TOKEN_LIFE).timestamp()),
        }
        scopes = asked.scope.split()
        if "profile" in scopes:
            claims |= {"name": person.name, "given_name": person.given_name, "family_name": person.family_name}
        if "email" in scopes:
            claims |= {"email": person.email, "email_verified": True}
        return claims
