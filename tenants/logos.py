"""Logos: which pictures a tenant may have. They come from the tenant's own address, so nothing in them acts."""

import re
import xml.etree.ElementTree as ET  # documents with a DTD are refused before it sees them
from dataclasses import dataclass, field

MAX_BYTES = 100_000
SVG_TYPE = "image/svg+xml"
PNG_TYPE = "image/png"

_PNG_MAGIC = b"\x89PNG\r\n\x1a\n"
_SVG = "{http://www.w3.org/2000/svg}"
_ELEMENTS = frozenset(
    {
        "circle", "clipPath", "defs", "desc", "ellipse", "g", "line", "linearGradient", "mask", "metadata", "path",
        "pattern", "polygon", "polyline", "radialGradient", "rect", "stop", "style", "svg", "symbol", "text", "title",
        "tspan", "use",
    }
)  # fmt: skip
_DECLARATION = re.compile(r"\A\s*<\?xml\s[^>]*\?>")
_FOREIGN_REFERENCE = re.compile(r"@import|\\|url\(\s*['\"]?(?!#)|expression\(|javascript:", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Logo:
    """A picture that may be shown, with its media type."""

    body: bytes = field(repr=False)
    media_type: str


def check_logo(body: bytes) -> Logo:
    """The picture with its type, told by what it is and not by its name. Raises ValueError with a sentence."""
    if len(body) > MAX_BYTES:
        raise ValueError(f"is larger than {MAX_BYTES // 1000} kB.")
    if body.startswith(_PNG_MAGIC):
        return Logo(body, PNG_TYPE)
    _check_svg(body)
    return Logo(body, SVG_TYPE)


def _check_svg(body: bytes) -> None:
    try:
        text = _DECLARATION.sub("", body.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise ValueError("is neither a PNG nor an SVG picture.") from None
    if "<!DOCTYPE" in text.upper() or "<!ENTITY" in text.upper() or "<?" in text:
        raise ValueError("has a document type or a processing instruction; export it as plain SVG.")
    try:
        root = ET.fromstring(text)  # noqa: S314  # no DTD, hence no entities, and at most 100 kB
    except ET.ParseError:
        raise ValueError("is neither a PNG nor an SVG picture.") from None
    if root.tag != f"{_SVG}svg":
        raise ValueError("is neither a PNG nor an SVG picture.")
    for element in root.iter():
        _check_element(element)


def _check_element(element: "ET.Element[str]") -> None:
    """Only drawing: no script, no foreign content, no picture or sheet from elsewhere."""
    tag = element.tag if isinstance(element.tag, str) else ""
    name = tag.removeprefix(_SVG)
    if tag.startswith(_SVG) and name not in _ELEMENTS:
        raise ValueError(f"has an element that a logo may not have: {name}.")
    if not tag.startswith(_SVG) and tag.rpartition("}")[2] in {"script", "html", "iframe", "body"}:
        raise ValueError("has foreign content; export it as plain SVG.")
    if name == "style" and _FOREIGN_REFERENCE.search(element.text or ""):
        raise ValueError("refers to something outside itself.")
    for attribute, value in element.attrib.items():
        _check_attribute(attribute.rpartition("}")[2].lower(), value)


def _check_attribute(name: str, value: str) -> None:
    if name.startswith("on"):
        raise ValueError("has a script in it.")
    if name in {"href", "src", "base"} and not value.strip().startswith("#"):
        raise ValueError("refers to something outside itself.")
    if _FOREIGN_REFERENCE.search(value):
        raise ValueError("refers to something outside itself.")
