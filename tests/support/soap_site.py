"""Where a service provider is told from server to server: reads the envelope with lxml, checks the signature with signxml."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from lxml import etree
from werkzeug import Request, Response

from tests.peers.service_provider import verify
from tests.peers.xml_signing import signed
from tests.support.saml_app import SamlApp

SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
Answer = Callable[["SoapSite", Any], Response]


def done(site: "SoapSite", asked: Any, *codes: str, key: Any = None, is_signed: bool = True, **changes: Any) -> Response:
    """A LogoutResponse in an envelope."""
    root = site.sp.sp.confirm(asked, *codes, **changes)
    root = signed(root, "LogoutResponse", key or site.sp.sp.key) if is_signed else root
    return enveloped(root if isinstance(root, bytes) else etree.tostring(root))


def enveloped(inside: bytes) -> Response:
    text = b'<s:Envelope xmlns:s="%s"><s:Body>%s</s:Body></s:Envelope>' % (SOAP.encode(), inside)
    return Response(text, content_type="text/xml")


@dataclass
class SoapSite:
    """`answer` is what it says to the next request; `heard` what was asked."""

    sp: SamlApp
    answer: Answer = done
    heard: list[Any] = field(default_factory=list)

    def __call__(self, environ: Any, start_response: Any) -> Any:
        return self._take(Request(environ))(environ, start_response)

    def _take(self, request: Request) -> Response:
        assert request.mimetype == "text/xml"
        assert request.headers["SOAPAction"] == '"http://www.oasis-open.org/committees/security"'
        (body,) = etree.fromstring(request.get_data()).findall(f"{{{SOAP}}}Body")
        (asked,) = body
        verify(asked, self.sp.certificate)
        self.heard.append(asked)
        return self.answer(self, asked)
