"""Signing keys as they are stored: another library takes them and both halves fit."""

import json

import pytest
from joserfc import jws
from joserfc.jwk import JWKRegistry

from tenants.signing import ALGORITHMS, new_key


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_both_halves_fit_and_only_one_is_secret(algorithm: str) -> None:
    key = new_key(algorithm)
    private = JWKRegistry.import_key(json.loads(key.private))
    public = JWKRegistry.import_key(dict(key.public_jwk))
    token = jws.serialize_compact({"alg": algorithm}, b"payload", private, [algorithm])
    assert jws.deserialize_compact(token, public, [algorithm]).payload == b"payload"
    assert {"d", "p", "q", "dp", "dq", "qi"} & set(key.public_jwk) == set()
    assert key.private not in repr(key)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_public_key_says_what_it_is_for(algorithm: str) -> None:
    key = new_key(algorithm)
    assert (key.public_jwk["kid"], key.public_jwk["alg"], key.public_jwk["use"]) == (key.kid, algorithm, "sig")


def test_coordinates_have_the_full_width_of_the_curve() -> None:
    for _ in range(300):  # one in 256 begins with a zero
        jwk = new_key("ES256").public_jwk
        assert (len(jwk["x"]), len(jwk["y"])) == (43, 43)


def test_every_key_is_another() -> None:
    assert new_key("ES256").kid != new_key("ES256").kid
