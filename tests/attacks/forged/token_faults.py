"""What can be wrong with an ID token: claims, header, key, signature, shape, each by its name."""

import json
import random
from collections.abc import Callable
from typing import Any

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.attacks.forged.token_draft import (
    ISSUER,
    NONCE,
    NOW,
    SECRET,
    US,
    Draft,
    as_json,
    by_hmac,
    encoded,
    good,
    ours,
    public,
    signed_by_key,
    theirs,
)
from tests.peers import signing

ODD = (None, True, False, 0, -1, 1.5, 2**70, "", " ", "x", [], {}, [None], [[]], {"a": {}}, "\u202e", "\0", "1e999")
ALGORITHMS = (
    *("none", "None", "NONE", "nOnE", "HS256", "HS384", "HS512", "RS1", "ES256K", "rs256", "RSA-OAEP", "dir", "RS512"),
    *("PS256", "ES384", "ES512", "PS512", "A256KW"),
)

Fault = Callable[[Draft, random.Random], None]
FAULTS: dict[str, Fault] = {}


def _add(name: str, fault: Fault) -> None:
    assert name not in FAULTS, name
    FAULTS[name] = fault


def _set_claim(name: str, value: Any) -> Fault:
    def fault(draft: Draft, pick: random.Random) -> None:
        draft.claims[name] = value

    return fault


def _drop_claim(name: str) -> Fault:
    return lambda draft, pick: draft.claims.pop(name, None)


def _set_header(**values: Any) -> Fault:
    return lambda draft, pick: draft.header.update(values)


def _signs(sign: Callable[[bytes, Draft], bytes], **header: Any) -> Fault:
    def fault(draft: Draft, pick: random.Random) -> None:
        draft.sign = sign
        draft.header.update(header)

    return fault


def _foreign_key(*, named: bool) -> Fault:
    """The attacker's key, under its own name or under that of the provider's."""

    def fault(draft: Draft, pick: random.Random) -> None:
        algorithm = draft.header.get("alg")
        draft.key = theirs().get(algorithm if isinstance(algorithm, str) else "RS256", theirs()["RS256"])
        draft.sign = signed_by_key
        if not named:
            draft.header["kid"] = draft.key.kid

    return fault


def _own_key_of_another_family(draft: Draft, pick: random.Random) -> None:
    """A published key, with a signature of its own, under the name of another."""
    other = next(name for name in ours() if ours()[name].kid != draft.header.get("kid"))
    draft.key, draft.header["alg"] = ours()[other], other


def _shape(change: Callable[[str], str]) -> Fault:
    return lambda draft, pick: draft.shape.append(change)


def _payload(make: Callable[[Draft], bytes]) -> Fault:
    def fault(draft: Draft, pick: random.Random) -> None:
        draft.payload = make(draft)

    return fault


def _flipped(draft: Draft, pick: random.Random) -> None:
    """One bit of what was signed, or of the signature, is another one afterwards."""
    where = pick.random()

    def flip(token: str) -> str:
        parts = token.split(".")
        part = parts[1 + int(where * 2) % 2] if len(parts) > 2 else parts[-1]
        at = int(where * max(len(part) - 4, 0))
        changed = part[:at] + ("A" if part[at : at + 1] != "A" else "B") + part[at + 1 :]
        return token.replace(part, changed, 1) if part else token + "A"

    draft.shape.append(flip)


def _without_signature(token: str) -> str:
    return token.rpartition(".")[0] + "."


def _cut(token: str) -> str:
    return token[: len(token) - 12]


def _swapped_payload(token: str) -> str:
    """The header and the signature of a good token, around other claims."""
    head, _, rest = token.partition(".")
    body = encoded(as_json(good().claims | {"sub": "victim"})).decode()
    return ".".join((head, body, rest.rpartition(".")[2]))


def order_of(name: str) -> int:
    """What is done to the finished text comes after what goes into it; a key before the header that lies about it."""
    return {"key": 0, "sign": 1, "claim": 2, "header": 3}.get(name.partition(" ")[0], 4)


def _fill() -> None:
    _fill_claims()
    _fill_headers()
    _fill_signatures()
    _fill_shapes()


def _fill_claims() -> None:
    wrong: dict[str, tuple[Any, ...]] = {
        "iss": (f"{ISSUER}/", ISSUER.upper(), "https://evil.example", f"{ISSUER}\0", ISSUER.replace("https", "http"), [ISSUER]),
        "aud": ("another", f"{US} ", [US, "another"], ["another"], {US: True}, [[US]], US.upper()),
        "azp": ("another", f"{US}x", [US], {}),
        "exp": (NOW - 61, 0, NOW - 86_400, str(NOW + 300), [NOW + 300], 2**60, -NOW, "never"),
        "iat": (NOW - 3601, NOW + 3600, str(NOW), 0, 2**60),
        "nbf": (NOW + 61, NOW + 86_400, str(NOW), [NOW], 2**60),
        "nonce": ("another", NONCE.upper(), f"{NONCE} ", [NONCE], {"nonce": NONCE}, 7),
        "sub": ("x" * 256, "\u202eada", "ada\n", "ada\0", ["ada"], 7, "\u200b", "   "),
        "auth_time": (NOW - 3600, NOW + 3600, str(NOW), [NOW], 0, 2**60),
        "at_hash": (signing.half_hash("another token"), "x", ["x"], 7, "", "a" * 500),
    }
    for name, values in wrong.items():
        for number, value in enumerate(values):
            _add(f"claim {name} {number}", _set_claim(name, value))
        for number, value in enumerate(ODD):
            if not _is_harmless(name, value):
                _add(f"claim {name} odd {number}", _set_claim(name, value))
    for name in ("iss", "aud", "exp", "iat", "nonce", "sub", "auth_time"):
        _add(f"claim {name} absent", _drop_claim(name))


def _is_harmless(name: str, value: Any) -> bool:
    """`nbf` in the past, and names that are as good as any."""
    if name == "nbf":
        return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < NOW
    return name == "sub" and value in ("x", "1e999")


def _fill_headers() -> None:
    evil = signing.rsa_key(2)
    for number, value in enumerate((*ALGORITHMS, "", None, 0, True, ["RS256"], {"alg": "RS256"}, "RS256\0", "RS256 ")):
        _add(f"header alg {number}", _set_header(alg=value))
    for name, value in (
        ("jwk", evil.jwk()),
        ("jku", "https://evil.example/jwks"),
        ("x5u", "https://evil.example/cert"),
        ("crit", ["exp"]),
        ("crit", []),
        ("crit", ["b64"]),
        ("crit", "b64"),
        ("crit", None),
        ("typ", "at+jwt"),
        ("typ", "logout+jwt"),
        ("typ", "JWE"),
        ("typ", ["JWT"]),
        ("typ", 7),
        ("typ", ""),
        ("typ", {}),
        ("kid", "nobody-knows"),
        ("kid", ["rsa-1"]),
        ("kid", 7),
        ("kid", {}),
        ("kid", "../../dev/null"),
        ("kid", "x' OR 1=1 --"),
        ("kid", ""),
        ("jwk", {}),
        ("jku", ""),
        ("x5u", None),
    ):
        _add(f"header {name} {value!r:.30}"[:60] + f" #{len(FAULTS)}", _set_header(**{name: value}))
    _add("header huge", _set_header(pad="x" * 8000))


def _fill_signatures() -> None:
    pem = public(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    der = public(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    for name, secret in (
        ("public pem", pem),
        ("public pem stripped", lambda draft: pem(draft).strip()),
        ("public der", der),
        ("jwk text", lambda draft: as_json(draft.key.jwk())),
        ("client secret", lambda draft: SECRET),
        ("client id", lambda draft: US.encode()),
        ("empty", lambda draft: b""),
        ("kid", lambda draft: draft.key.kid.encode()),
    ):
        _add(f"sign hmac {name}", _signs(by_hmac(secret), alg="HS256"))
        _add(f"sign hmac {name} as rs256", _signs(by_hmac(secret), alg="RS256"))
    _add("sign hmac 512", _signs(by_hmac(pem, "sha512"), alg="HS512"))
    _add("sign none", _signs(lambda signed, draft: b"", alg="none"))
    _add("sign zero ecdsa", _signs(lambda signed, draft: bytes(64), alg="ES256", kid=ours()["ES256"].kid))
    _add("sign zero eddsa", _signs(lambda signed, draft: bytes(64), alg="EdDSA", kid=ours()["EdDSA"].kid))
    _add("sign zero rsa", _signs(lambda signed, draft: bytes(256)))
    _add("sign one rsa", _signs(lambda signed, draft: (1).to_bytes(256, "big")))
    _add("sign empty", _signs(lambda signed, draft: b""))
    _add("sign long", _signs(lambda signed, draft: b"x" * 4000))
    _add("sign something else", _signs(lambda signed, draft: signed_by_key(signed + b"x", draft)))
    _add("key foreign under our name", _foreign_key(named=True))
    _add("key foreign", _foreign_key(named=False))
    _add("key of another family", _own_key_of_another_family)


def _fill_shapes() -> None:
    for name, change in (
        ("no signature", _without_signature),
        ("cut", _cut),
        ("other claims", _swapped_payload),
        ("two parts", lambda token: token.rpartition(".")[0]),
        ("four parts", lambda token: f"{token}.x"),
        ("five parts", lambda token: f"{token}.x.y"),
        ("empty", lambda token: ""),
        ("dots", lambda token: ".."),
        ("line break", lambda token: token.replace(".", ".\n", 1)),
        ("not ascii", lambda token: f"{token}\u00e9"),
        ("json form", lambda token: json.dumps({"payload": token, "signatures": []})),
        ("no header", lambda token: "." + token.partition(".")[2]),
        ("header no object", lambda token: encoded(b'"RS256"').decode() + "." + token.partition(".")[2]),
        ("header twice", lambda token: _twice(token)),
        ("huge", lambda token: token + "A" * 70_000),
        ("signature of another", lambda token: token.rpartition(".")[0] + "." + _another().rpartition(".")[2]),
    ):
        _add(f"shape {name}", _shape(change))
    _add("shape flipped", _flipped)
    for name, make in (
        ("no object", lambda draft: b"[]"),
        ("text", lambda draft: b"ada"),
        ("nothing", lambda draft: b""),
        ("claim twice", lambda draft: as_json(draft.claims)[:-1] + b', "sub": "victim"}'),
        ("nan", lambda draft: as_json(draft.claims)[:-1] + b', "exp2": NaN}'),
        ("not utf-8", lambda draft: as_json(draft.claims)[:-1] + b', "name": "\xff"}'),
        ("half a pair", lambda draft: as_json(draft.claims)[:-1] + b', "name": "\\ud800"}'),
        ("deep", lambda draft: b'{"a":' * 5000 + b"1" + b"}" * 5000),
        ("after the end", lambda draft: as_json(draft.claims) + b"{}"),
    ):
        _add(f"payload {name}", _payload(make))


def _another() -> str:
    """A good token about somebody else."""
    draft = good()
    draft.claims["sub"] = "grace"
    return draft.token()


def _twice(token: str) -> str:
    """Two algorithms in one header: which one a reader takes must not matter."""
    algorithm = json.dumps(good().header)[:-1] + ', "alg": "none"}'
    return encoded(algorithm.encode()).decode() + "." + token.partition(".")[2]


_fill()
