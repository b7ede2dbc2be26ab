"""An assertion that only the service provider can read (XML Encryption 1.1): AES-GCM, its key by RSA-OAEP."""

import base64

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, OAEP
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from lxml import etree

from broker.saml_xml.xml import DS, ENCRYPTED_ASSERTION, SAML, XENC, XENC11, Element, serialised
from broker.wiring import the_broker
from tenants.causes import Breakage, Cause
from tenants.saml_applications import SamlApplicationConfig

_KEY_BYTES = {"aes128-gcm": 16, "aes256-gcm": 32}
_NONCE_BYTES = 12
_SHA1 = hashes.SHA1()  # noqa: S303  # inside OAEP no collision matters, and rsa-oaep-mgf1p fixes it for the mask (XML Encryption, 5.5.2)


def encrypted(assertion: Element, saml: SamlApplicationConfig) -> Element:
    """An EncryptedAssertion with this one in it, namespaces and all: it can be read on its own."""
    random = the_broker().ports.randomness
    key, nonce = random.token_bytes(_KEY_BYTES[saml.cipher]), random.token_bytes(_NONCE_BYTES)
    sealed = nonce + AESGCM(key).encrypt(nonce, serialised(assertion), None)
    root = etree.Element(ENCRYPTED_ASSERTION, nsmap={"saml": SAML, "xenc": XENC, "ds": DS})
    data = etree.SubElement(root, f"{{{XENC}}}EncryptedData", {"Type": f"{XENC}Element"})
    etree.SubElement(data, f"{{{XENC}}}EncryptionMethod", {"Algorithm": f"{XENC11}{saml.cipher}"})
    wrapped = etree.SubElement(etree.SubElement(data, f"{{{DS}}}KeyInfo"), f"{{{XENC}}}EncryptedKey")
    transport = etree.SubElement(wrapped, f"{{{XENC}}}EncryptionMethod", {"Algorithm": f"{XENC}rsa-oaep-mgf1p"})
    etree.SubElement(transport, f"{{{DS}}}DigestMethod", {"Algorithm": f"{DS}sha1"})
    _add_value(wrapped, _public_key(saml).encrypt(key, OAEP(MGF1(_SHA1), _SHA1, None)))
    _add_value(data, sealed)
    return root


def _public_key(saml: SamlApplicationConfig) -> rsa.RSAPublicKey:
    key = x509.load_pem_x509_certificate((saml.encryption_certificate or "").encode()).public_key()
    if not isinstance(key, rsa.RSAPublicKey):
        raise Breakage(Cause.BROKEN, "the application's key for encryption is not RSA")
    return key


def _add_value(parent: Element, value: bytes) -> None:
    cipher = etree.SubElement(parent, f"{{{XENC}}}CipherData")
    etree.SubElement(cipher, f"{{{XENC}}}CipherValue").text = base64.b64encode(value).decode()
