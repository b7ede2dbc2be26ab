"""The signature of a message in an address (Bindings, 3.4.4.1), over the letters as they came."""

import base64
import binascii
from collections.abc import Mapping, Sequence
from urllib.parse import unquote

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from broker.saml_xml.shapes import SIGNATURE_METHODS
from broker.saml_xml.xml import Fault

_HASHES: dict[str, hashes.HashAlgorithm] = {"256": hashes.SHA256(), "384": hashes.SHA384(), "512": hashes.SHA512()}


def verify_query(raw: Mapping[str, str], field: str, certificates: Sequence[str]) -> None:
    """Raises Fault unless one of these keys (PEM) has signed the values. `raw`: undecoded; `field`: the message's name."""
    if not raw.get("SigAlg") or not raw.get("Signature"):
        raise Fault("unsigned")
    method = unquote(raw["SigAlg"])
    if method not in SIGNATURE_METHODS:
        raise Fault("signature_algorithm", method[:200])
    try:
        signature = base64.b64decode(unquote(raw["Signature"]).encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError):
        raise Fault("base64") from None
    data = "&".join(f"{name}={raw[name]}" for name in (field, "RelayState", "SigAlg") if name in raw).encode()
    if not any(_is_signed(pem, method, data, signature) for pem in certificates):
        raise Fault("signature")


def _is_signed(pem: str, method: str, data: bytes, signature: bytes) -> bool:
    key = x509.load_pem_x509_certificate(pem.encode()).public_key()
    algorithm = _HASHES[method[-3:]]
    try:
        if isinstance(key, rsa.RSAPublicKey) and "#rsa-" in method:
            key.verify(signature, data, PKCS1v15(), algorithm)
        elif isinstance(key, ec.EllipticCurvePublicKey) and "#ecdsa-" in method:
            # As XML Signature writes it (RFC 6931, 2.3.6): two numbers side by side.
            half = len(signature) // 2
            numbers = int.from_bytes(signature[:half], "big"), int.from_bytes(signature[half:], "big")
            key.verify(encode_dss_signature(*numbers), data, ec.ECDSA(algorithm))
        else:
            return False
    except InvalidSignature:
        return False
    return True
