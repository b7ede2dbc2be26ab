"""A SAML service provider as a stranger writes it: asks for assertions, reads the answers, checks them with signxml.

It has no part of the code under test. Its requests can be wrong in every way; `Got` is what came back to it.
"""

import base64
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote
from uuid import uuid4

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, OAEP, PKCS1v15
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from lxml import etree
from signxml import XMLVerifier
from signxml.verifier import SignatureConfiguration

from tests.peers.saml_logout import RSA_SHA256, deflated
from tests.peers.saml_messages import NAMES, PROTOCOL, SAML, STATUS
from tests.peers.xml_signing import SamlKey, saml_key, signed

XENC = "http://www.w3.org/2001/04/xmlenc#"
POST = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"


@dataclass(frozen=True)
class Got:
    """A response that was posted to `url`."""

    url: str
    relay_state: str | None
    document: Any
    encryption_key: SamlKey | None = None

    @property
    def status(self) -> tuple[str, ...]:
        codes = self.document.iter(f"{{{PROTOCOL}}}StatusCode")
        return tuple(code.get("Value").rpartition(":")[2] for code in codes)

    @property
    def assertion(self) -> Any:
        encrypted = self.document.find(f"{{{SAML}}}EncryptedAssertion")
        if encrypted is None:
            return self.document.find(f"{{{SAML}}}Assertion")
        return _decrypted(encrypted, self.encryption_key)

    def one(self, path: str) -> Any:
        """The assertion's only element at this path, its names of the assertion namespace."""
        found = self.assertion.findall("/".join(f"{{{SAML}}}{name}" for name in path.split("/")))
        assert len(found) == 1, (path, len(found))
        return found[0]

    @property
    def name_id(self) -> Any:
        return self.one("Subject/NameID")

    @property
    def attributes(self) -> dict[str, list[str]]:
        found = self.assertion.iter(f"{{{SAML}}}Attribute")
        return {one.get("Name"): [value.text for value in one] for one in found}

    @property
    def context(self) -> str:
        return str(self.one("AuthnStatement/AuthnContext/AuthnContextClassRef").text)

    def require_signed(self, certificate: bytes, *parts: str) -> None:
        """Raises unless exactly these parts (`Response`, `Assertion`) are signed with this key, by signxml's judgement."""
        assertion = self.assertion
        documents = {"Response": self.document, "Assertion": assertion}
        for name, element in documents.items():
            if element is None:
                continue
            has = element.find("{http://www.w3.org/2000/09/xmldsig#}Signature") is not None
            assert has == (name in parts), (name, has)
            if has:
                verify(element, certificate)


@dataclass
class ServiceProvider:
    """One application of a tenant; `idp` is the tenant's address. Its keys are its own."""

    idp: str
    entity_id: str
    acs: str
    now: Any
    key: SamlKey = field(default_factory=lambda: saml_key(41))
    encryption_key: SamlKey | None = None

    def request(self, more: str = "", **changes: str | None) -> Any:
        """An AuthnRequest as it should be; `more` is XML behind its issuer, None leaves an attribute out."""
        moment: datetime = self.now()
        issuer = changes.pop("issuer", self.entity_id)
        usual = {
            "ID": f"_{uuid4().hex}",
            "Version": "2.0",
            "IssueInstant": moment.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "Destination": f"{self.idp}/saml/idp/sso",
            "AssertionConsumerServiceURL": self.acs,
        }
        said = {name: value for name, value in (usual | changes).items() if value is not None}
        root = etree.Element(f"{{{PROTOCOL}}}AuthnRequest", said, nsmap=NAMES)
        if issuer is not None:
            etree.SubElement(root, f"{{{SAML}}}Issuer").text = issuer
        if more:
            names = " ".join(f'xmlns:{prefix}="{uri}"' for prefix, uri in NAMES.items())
            for child in etree.fromstring(f"<x {names}>{more}</x>"):
                root.append(child)
        return root

    def query(self, root: Any, relay_state: str | None = "here", key: SamlKey | None = None, **how: Any) -> str:
        """For the Redirect binding; signed, unless `is_signed=False`."""
        packed = root if isinstance(root, bytes) else deflated(etree.tostring(root))
        query = f"{how.get('field', 'SAMLRequest')}={quote(base64.b64encode(packed).decode(), safe='')}"
        if relay_state is not None:
            query += f"&RelayState={quote(relay_state, safe='')}"
        if not how.get("is_signed", True):
            return query
        query += f"&SigAlg={quote(how.get('method', RSA_SHA256), safe='')}"
        signature = (key or self.key).private.sign(query.encode(), PKCS1v15(), how.get("hash", hashes.SHA256()))
        return f"{query}&Signature={quote(base64.b64encode(signature).decode(), safe='')}"

    def form(self, root: Any, relay_state: str | None = "here", *, is_signed: bool = True) -> dict[str, str]:
        """For the POST binding."""
        done = signed(root, "AuthnRequest", self.key) if is_signed else root
        data = done if isinstance(done, bytes) else etree.tostring(done)
        fields = {"SAMLRequest": base64.b64encode(data).decode()}
        return fields | ({"RelayState": relay_state} if relay_state is not None else {})

    def wish(self, got: Got, *sids: str, **changes: Any) -> Any:
        """A LogoutRequest about who an assertion named; `sids`: other SessionIndexes than its own."""
        name = changes.pop("name", got.name_id.text)
        root = self._logout("LogoutRequest", **{"NotOnOrAfter": self.later(minutes=5), **changes})
        copied = etree.SubElement(root, f"{{{SAML}}}NameID", dict(got.name_id.attrib))
        copied.text = name
        for sid in sids or (got.one("AuthnStatement").get("SessionIndex"),):
            if sid:
                etree.SubElement(root, f"{{{PROTOCOL}}}SessionIndex").text = sid
        return root

    def confirm(self, asked: Any, *codes: str, **changes: Any) -> Any:
        """A LogoutResponse to a request of ours; `codes`: its status, Success unless given."""
        root = self._logout("LogoutResponse", **{"InResponseTo": asked.get("ID"), **changes})
        place = etree.SubElement(root, f"{{{PROTOCOL}}}Status")
        for code in codes or ("Success",):
            place = etree.SubElement(place, f"{{{PROTOCOL}}}StatusCode", Value=f"{STATUS}{code}")
        return root

    def logout_query(self, root: Any, relay_state: str = "back", key: SamlKey | None = None, *, is_signed: bool = True) -> str:
        field = "SAMLRequest" if root.tag.endswith("Request") else "SAMLResponse"
        return self.query(root, relay_state, key, is_signed=is_signed, field=field)

    def logout_form(self, root: Any, relay_state: str = "back") -> dict[str, str]:
        tag = etree.QName(root).localname
        done = etree.tostring(signed(root, tag, self.key))
        field = "SAMLRequest" if tag.endswith("Request") else "SAMLResponse"
        return {field: base64.b64encode(done).decode(), "RelayState": relay_state}

    def _logout(self, name: str, **changes: str | None) -> Any:
        usual = {
            "ID": f"_{uuid4().hex}",
            "Version": "2.0",
            "IssueInstant": self.later(),
            "Destination": f"{self.idp}/saml/idp/slo",
        }
        said = {key: value for key, value in (usual | changes).items() if value is not None}
        root = etree.Element(f"{{{PROTOCOL}}}{name}", said, nsmap=NAMES)
        etree.SubElement(root, f"{{{SAML}}}Issuer").text = self.entity_id
        return root

    def take(self, url: str, fields: dict[str, str]) -> Got:
        """What the browser posts to us."""
        document = etree.fromstring(base64.b64decode(fields["SAMLResponse"], validate=True))
        return Got(url, fields.get("RelayState"), document, self.encryption_key)

    def later(self, **duration: float) -> str:
        moment: datetime = self.now() + timedelta(**duration)
        return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def verify(element: Any, certificate: bytes) -> None:
    """On a copy that stands alone, as exclusive canonicalization allows."""
    alone = etree.fromstring(etree.tostring(element, with_tail=False))
    pem = b"-----BEGIN CERTIFICATE-----\n" + base64.encodebytes(certificate) + b"-----END CERTIFICATE-----\n"
    place = "./{http://www.w3.org/2000/09/xmldsig#}Signature"
    expected = SignatureConfiguration(require_x509=True, location="./")
    done = XMLVerifier().verify(alone, x509_cert=pem.decode(), id_attribute="ID", expect_config=expected)
    assert alone.find(place) is not None
    assert done.signed_xml.get("ID") == element.get("ID")


def _decrypted(encrypted: Any, key: SamlKey | None) -> Any:
    """With nothing but `cryptography`: the key by RSA-OAEP, then AES-GCM."""
    assert key is not None
    wrapped, sealed = (base64.b64decode(one.text) for one in encrypted.iter(f"{{{XENC}}}CipherValue"))
    secret = key.private.decrypt(wrapped, OAEP(MGF1(hashes.SHA1()), hashes.SHA1(), None))  # noqa: S303  # as sent
    return etree.fromstring(AESGCM(secret).decrypt(sealed[:12], sealed[12:], None))
