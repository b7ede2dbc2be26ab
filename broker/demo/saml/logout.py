"""Single logout of the simulated company login, by address in both directions (Profiles, 4.4; Bindings, 3.4)."""

import base64
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import quote

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from lxml import etree

from broker.demo.people import StaffPerson
from broker.demo.saml.keys import KeyPair
from broker.demo.saml.messages import FORMATS, STATUS, Element, instant, new_id
from broker.demo.saml.requests import MAX_REQUEST, SAML, SAMLP, read_message

RSA_SHA256 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
_LIFE = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class LogoutSide:
    """Who speaks, and to whom."""

    issuer: str
    destination: str
    """The broker's address for it."""

    def request(self, person: StaffPerson, pair: KeyPair, now: datetime) -> str:
        """The address that tells the broker that this person has signed out here."""
        root = self._message("LogoutRequest", now, NotOnOrAfter=instant(now + _LIFE))
        name = etree.SubElement(root, f"{{{SAML}}}NameID", {"Format": f"{FORMATS}:persistent"})
        name.text = person.id
        return self._address("SAMLRequest", root, "", pair)

    def answer(self, values: Mapping[str, str], pair: KeyPair, now: datetime) -> str | None:
        """The address with the answer to the broker's own wish; None for what is no such wish."""
        asked = read_message(values.get("SAMLRequest", ""), limit=MAX_REQUEST)
        if asked is None or asked.tag != f"{{{SAMLP}}}LogoutRequest":
            return None
        root = self._message("LogoutResponse", now, InResponseTo=asked.get("ID", ""))
        status = etree.SubElement(root, f"{{{SAMLP}}}Status")
        etree.SubElement(status, f"{{{SAMLP}}}StatusCode", {"Value": f"{STATUS}:Success"})
        return self._address("SAMLResponse", root, values.get("RelayState", ""), pair)

    def _message(self, name: str, now: datetime, **more: str) -> Element:
        attributes = {"ID": new_id(), "Version": "2.0", "IssueInstant": instant(now), "Destination": self.destination, **more}
        root = etree.Element(f"{{{SAMLP}}}{name}", attributes, nsmap={"samlp": SAMLP, "saml": SAML})
        etree.SubElement(root, f"{{{SAML}}}Issuer").text = self.issuer
        return root

    def _address(self, field: str, root: Element, relay_state: str, pair: KeyPair) -> str:
        packer = zlib.compressobj(wbits=-15)
        packed = base64.b64encode(packer.compress(etree.tostring(root)) + packer.flush()).decode()
        values = {field: packed, **({"RelayState": relay_state} if relay_state else {}), "SigAlg": RSA_SHA256}
        query = "&".join(f"{name}={quote(value, safe='')}" for name, value in values.items())
        signature = base64.b64encode(pair.key.sign(query.encode(), PKCS1v15(), hashes.SHA256())).decode()
        return f"{self.destination}?{query}&Signature={quote(signature, safe='')}"
