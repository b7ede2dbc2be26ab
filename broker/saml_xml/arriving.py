"""A message as it comes in an address (Bindings, 3.4): letter by letter, and inflated no further than it may be."""

import base64
import binascii
import zlib

from broker.saml_xml.xml import BINDINGS, Fault

DEFLATE = f"{BINDINGS}URL-Encoding:DEFLATE"
MAX_INFLATED = 262_144


def raw_values(query: str) -> dict[str, str]:
    """The values as they stand there, undecoded. Raises Fault for what comes twice."""
    raw: dict[str, str] = {}
    for part in query.split("&"):
        name, _, value = part.partition("=")
        if name in raw:
            raise Fault("repeated")
        raw[name] = value
    return raw


def inflated(encoded: str) -> bytes:
    """At most so much, whatever it would become (SU-23)."""
    try:
        data = base64.b64decode(encoded.encode("ascii"), validate=True)
        unpacking = zlib.decompressobj(-zlib.MAX_WBITS)
        clear = unpacking.decompress(data, MAX_INFLATED)
    except (binascii.Error, UnicodeEncodeError, zlib.error):
        raise Fault("base64") from None
    if not unpacking.eof or unpacking.unused_data:
        raise Fault("size", "it does not end where it should")
    return clear
