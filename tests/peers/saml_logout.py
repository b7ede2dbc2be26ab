"""Single logout of the simulated SAML identity provider: its own requests, and its answers to ours."""

import base64
import zlib
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit
from uuid import uuid4

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from lxml import etree
from werkzeug.wrappers import Response

from tests.peers.saml_messages import NAMES, PERSISTENT, PROTOCOL, SAML, STATUS
from tests.peers.xml_signing import SamlKey, signed

RSA_SHA256 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"


class LogoutSide:
    """`asked` are our requests, `answers` our answers; `status` is what it says to a request of ours."""

    def __init__(self, provider: Any, url: str) -> None:
        self.provider = provider
        self.url = url
        self.bindings: tuple[str, ...] = ("HTTP-Redirect", "HTTP-POST")
        self.asked: list[Any] = []
        self.answers: list[Any] = []
        self.status: tuple[str, str | None] = ("Success", None)
        self.says: dict[str, str] = {}
        """Attributes of its messages that are changed."""

    def request(self, name_id: str | None = None, sids: tuple[str, ...] = ("_s",), **changes: Any) -> Any:
        """A LogoutRequest as it should be, of the provider's person; None leaves an attribute out."""
        issuer = changes.pop("issuer", self.provider.entity_id)
        name_format = changes.pop("name_format", PERSISTENT)
        later = self.provider.clock.now() + timedelta(minutes=5)
        root = self._message("LogoutRequest", issuer, **{"NotOnOrAfter": _instant(later), **changes})
        name = etree.SubElement(root, f"{{{SAML}}}NameID", {"Format": name_format} if name_format else {})
        name.text = name_id or self.provider.person.subject
        for sid in sids:
            etree.SubElement(root, f"{{{PROTOCOL}}}SessionIndex").text = sid
        return root

    def in_address(self, root: Any, key: SamlKey | None = None, **how: Any) -> str:
        """The query of the Redirect binding; `key` None: the provider's own, `is_signed=False`: none at all."""
        field = "SAMLRequest" if root.tag.endswith("Request") else "SAMLResponse"
        return self.query(field, deflated(etree.tostring(root)), key, **how)

    def query(
        self,
        field: str,
        packed: bytes,
        key: SamlKey | None = None,
        *,
        relay_state: str = "here",
        relay_letters: str | None = None,
        is_signed: bool = True,
    ) -> str:
        """`relay_letters`: the relay state as it is to stand in the address."""
        relay = quote(relay_state, safe="") if relay_letters is None else relay_letters
        query = f"{field}={quote(base64.b64encode(packed).decode(), safe='')}&RelayState={relay}"
        if not is_signed:
            return query
        query += f"&SigAlg={quote(RSA_SHA256, safe='')}"
        signature = (key or self.provider.keys[0]).private.sign(query.encode(), PKCS1v15(), hashes.SHA256())
        return f"{query}&Signature={quote(base64.b64encode(signature).decode(), safe='')}"

    def in_form(self, root: Any, key: SamlKey | None = None, *, is_signed: bool = True) -> dict[str, str]:
        tag = etree.QName(root).localname
        done = signed(root, tag, key or self.provider.keys[0]) if is_signed else root
        field = "SAMLRequest" if tag.endswith("Request") else "SAMLResponse"
        return {field: base64.b64encode(etree.tostring(done)).decode(), "RelayState": "here"}

    def take(self, url: str, form: dict[str, str] | None = None) -> Response:
        """What a browser brings from us: a request is answered, an answer is kept."""
        values = form or dict(parse_qsl(urlsplit(url).query))
        field = "SAMLRequest" if "SAMLRequest" in values else "SAMLResponse"
        data = base64.b64decode(values[field], validate=True)
        document = etree.fromstring(data if form else zlib.decompress(data, wbits=-15))
        provider = self.provider
        is_signed = provider.is_posted_signed(document) if form else provider.is_query_signed(urlsplit(url).query)
        assert is_signed
        assert document.get("Destination") == self.url
        if field == "SAMLResponse":
            self.answers.append(document)
            return Response("Signed out at the provider.")
        self.asked.append(document)
        code, subcode = self.status
        root = self._message("LogoutResponse", provider.entity_id, InResponseTo=document.get("ID"))
        status = etree.SubElement(root, f"{{{PROTOCOL}}}Status")
        outer = etree.SubElement(status, f"{{{PROTOCOL}}}StatusCode", Value=f"{STATUS}{code}")
        if subcode:
            etree.SubElement(outer, f"{{{PROTOCOL}}}StatusCode", Value=f"{STATUS}{subcode}")
        back = self.in_address(root, relay_state=values["RelayState"])
        return Response(status=302, headers={"Location": f"{provider.slo_of_sp()}?{back}"})

    def _message(self, name: str, issuer: str, **attributes: str | None) -> Any:
        usual = {
            "ID": f"_{uuid4().hex}",
            "Version": "2.0",
            "IssueInstant": _instant(self.provider.clock.now()),
            "Destination": self.provider.slo_of_sp(),
        }
        said = {key: value for key, value in {**usual, **attributes, **self.says}.items() if value is not None}
        root = etree.Element(f"{{{PROTOCOL}}}{name}", said, nsmap=NAMES)
        etree.SubElement(root, f"{{{SAML}}}Issuer").text = issuer
        return root


def deflated(data: bytes) -> bytes:
    packer = zlib.compressobj(9, wbits=-15)
    return packer.compress(data) + packer.flush()


def _instant(moment: Any) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
