"""XML signatures of the peers, by signxml, and by hand for what no library would write.

The code under test verifies with xmlsec; neither of these two is built on it.
"""

import base64
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from lxml import etree
from signxml import XMLSigner
from signxml.algorithms import CanonicalizationMethod, DigestAlgorithm, SignatureMethod

from tests.support.clock import START

DS = "http://www.w3.org/2000/09/xmldsig#"
MORE = "http://www.w3.org/2001/04/xmldsig-more#"
EXCLUSIVE = "http://www.w3.org/2001/10/xml-exc-c14n#"
ENVELOPED = f"{DS}enveloped-signature"

Element = Any


@dataclass(frozen=True, eq=False)
class SamlKey:
    """A key pair with its self-signed certificate."""

    private: Any
    certificate: x509.Certificate

    @property
    def pem(self) -> str:
        return self.certificate.public_bytes(Encoding.PEM).decode()

    @property
    def base64(self) -> str:
        return base64.b64encode(self.certificate.public_bytes(Encoding.DER)).decode()


def saml_key(number: int = 1, *, bits: int = 2048, life: timedelta = timedelta(days=3650)) -> SamlKey:
    return _made(number, bits, life)


def ec_saml_key() -> SamlKey:
    return _certified(ec.generate_private_key(ec.SECP256R1()), timedelta(days=3650))


@cache
def _made(number: int, bits: int, life: timedelta) -> SamlKey:
    """Making one takes a tenth of a second, so they are shared."""
    return _certified(rsa.generate_private_key(65537, bits), life)


def _certified(key: Any, life: timedelta) -> SamlKey:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "idp.example")])
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(START - timedelta(days=7300))
        .not_valid_after(START + life)
    )
    return SamlKey(key, builder.sign(key, hashes.SHA256()))


def signed(document: Element, tag: str, key: SamlKey) -> Element:
    """The same document with an enveloped signature of its `tag` (`Response`, `Assertion`) behind its issuer."""
    target = _target(document, tag)
    is_rsa = isinstance(key.private, rsa.RSAPrivateKey)
    signer = XMLSigner(
        signature_algorithm=SignatureMethod.RSA_SHA256 if is_rsa else SignatureMethod.ECDSA_SHA256,
        digest_algorithm=DigestAlgorithm.SHA256,
        c14n_algorithm=CanonicalizationMethod.EXCLUSIVE_XML_CANONICALIZATION_1_0,
    )
    signer.namespaces = {"ds": DS}
    alone = etree.fromstring(etree.tostring(target, with_tail=False))
    reference = f"#{target.get('ID')}"
    done = signer.sign(alone, key=key.private, cert=[key.certificate], reference_uri=reference, id_attribute="ID")
    return _placed(document, target, done, done.find(f"{{{DS}}}Signature"))


Sign = Callable[[Any, bytes], bytes]


def rsa_by(algorithm: hashes.HashAlgorithm) -> Sign:
    return lambda key, data: key.sign(data, padding.PKCS1v15(), algorithm)


@dataclass(frozen=True)
class Recipe:
    """How a signature by hand is made, and what it says of itself: both may be wrong, or not fit together."""

    method: str = f"{MORE}rsa-sha256"
    sign: Sign = field(default_factory=lambda: rsa_by(hashes.SHA256()))
    digest: str = "http://www.w3.org/2001/04/xmlenc#sha256"
    hashed: Callable[[bytes], bytes] = lambda data: hashlib.sha256(data).digest()
    transforms: Sequence[str] = (f'<ds:Transform Algorithm="{ENVELOPED}"/>', f'<ds:Transform Algorithm="{EXCLUSIVE}"/>')
    c14n: str = f'<ds:CanonicalizationMethod Algorithm="{EXCLUSIVE}"/>'
    key_info: str | None = None
    """None: the certificate; empty: no KeyInfo."""
    uri: str | None = None
    more_references: str = ""
    method_content: str = ""
    more: str = ""


def signed_by_hand(document: Element, tag: str, key: SamlKey, recipe: Recipe | None = None) -> Element:
    """As `signed`, by a recipe that no library would follow."""
    recipe, target = recipe or Recipe(), _target(document, tag)
    digest = base64.b64encode(recipe.hashed(_canonical(target))).decode()
    uri = recipe.uri if recipe.uri is not None else f"#{target.get('ID')}"
    info = (
        f'<ds:SignedInfo xmlns:ds="{DS}">{recipe.c14n}'
        f'<ds:SignatureMethod Algorithm="{recipe.method}">{recipe.method_content}</ds:SignatureMethod>'
        f'<ds:Reference URI="{uri}"><ds:Transforms>{"".join(recipe.transforms)}</ds:Transforms>'
        f'<ds:DigestMethod Algorithm="{recipe.digest}"/><ds:DigestValue>{digest}</ds:DigestValue></ds:Reference>'
        f"{recipe.more_references}</ds:SignedInfo>"
    )
    value = base64.b64encode(recipe.sign(key.private, _canonical(etree.fromstring(info)))).decode()
    key_info = recipe.key_info
    if key_info is None:
        key_info = f"<ds:X509Data><ds:X509Certificate>{key.base64}</ds:X509Certificate></ds:X509Data>"
    signature = etree.fromstring(
        f'<ds:Signature xmlns:ds="{DS}">{info}<ds:SignatureValue>{value}</ds:SignatureValue>'
        f"{f'<ds:KeyInfo>{key_info}</ds:KeyInfo>' if key_info else ''}{recipe.more}</ds:Signature>"
    )
    return _placed(document, target, target, signature)


def _canonical(element: Element) -> bytes:
    return bytes(etree.tostring(element, method="c14n", exclusive=True, with_comments=False))


def _target(document: Element, tag: str) -> Element:
    return document if etree.QName(document).localname == tag else next(document.iter(f"{{*}}{tag}"))


def _placed(document: Element, target: Element, done: Element, signature: Element) -> Element:
    if signature.getparent() is not None:
        signature.getparent().remove(signature)
    done.insert(1, signature)
    if target is document:
        return done
    if done is not target:
        target.getparent().replace(target, done)
    return document
