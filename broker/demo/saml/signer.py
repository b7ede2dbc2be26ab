"""Signatures by signxml: another library than the one by which the broker reads them."""

from lxml import etree
from signxml.algorithms import CanonicalizationMethod, DigestAlgorithm, SignatureMethod
from signxml.signer import XMLSigner

from broker.demo.saml.keys import KeyPair
from broker.demo.saml.messages import Element
from broker.demo.saml.requests import SAML

DS = "http://www.w3.org/2000/09/xmldsig#"


def signed(response: Element, pair: KeyPair) -> Element:
    """The response with its assertion signed, or itself where it has none. A signature stands behind the issuer."""
    assertion = response.find(f"{{{SAML}}}Assertion")
    if assertion is None:
        return _signed(response, pair)
    # Alone, so that what surrounds it leaves no trace in what is signed.
    response.replace(assertion, _signed(etree.fromstring(etree.tostring(assertion)), pair))
    return response


def _signed(element: Element, pair: KeyPair) -> Element:
    signer = XMLSigner(
        signature_algorithm=SignatureMethod.RSA_SHA256,
        digest_algorithm=DigestAlgorithm.SHA256,
        c14n_algorithm=CanonicalizationMethod.EXCLUSIVE_XML_CANONICALIZATION_1_0,
    )
    signer.namespaces = {"ds": DS}
    done = signer.sign(
        element,
        key=pair.key,
        cert=pair.certificate,
        reference_uri=f"#{element.get('ID')}",
        id_attribute="ID",
    )
    signature = done.find(f"{{{DS}}}Signature")
    done.remove(signature)
    done.insert(1, signature)
    return done
