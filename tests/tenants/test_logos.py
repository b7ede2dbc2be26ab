"""Logos: drawings pass, whatever could act or reach elsewhere does not."""

import pytest

from tenants.logos import MAX_BYTES, check_logo

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 20
HEAD = '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="0 0 1 1"'


def svg(inside: str = "", attributes: str = "") -> bytes:
    return f"{HEAD} {attributes}>{inside}</svg>".encode()


DRAWINGS = {
    "a path": svg('<path d="M0 0h1v1z" fill="#0d6b64"/>'),
    "with a declaration": b'<?xml version="1.0" encoding="UTF-8"?>\n' + svg(),
    "with a byte order mark": b"\xef\xbb\xbf" + svg(),
    "a gradient": svg('<defs><linearGradient id="a"><stop offset="0"/></linearGradient></defs><g fill="url(#a)"/>'),
    "a symbol that is used": svg('<symbol id="a"/><use xlink:href="#a" href="#a"/>'),
    "a style of its own": svg("<style>.a { fill: url(#b) }</style>"),
    "an editor's own words": svg('<e:x xmlns:e="http://editor.example/">x</e:x>'),
    "a comment": svg("<!-- made by hand -->"),
}
REFUSED = {
    "a script": (svg("<script>alert(1)</script>"), "has an element that a logo may not have: script."),
    "an event": (svg(attributes='onload="alert(1)"'), "has a script in it."),
    "an event in capitals": (svg('<g ONCLICK="alert(1)"/>'), "has a script in it."),
    "a page inside": (svg("<foreignObject/>"), "has an element that a logo may not have: foreignObject."),
    "a page beside": (
        svg('<h:iframe xmlns:h="http://www.w3.org/1999/xhtml"/>'),
        "has foreign content; export it as plain SVG.",
    ),
    "a picture": (svg('<image href="https://x.example/"/>'), "has an element that a logo may not have: image."),
    "an animation": (svg('<animate attributeName="href"/>'), "has an element that a logo may not have: animate."),
    "a link": (svg('<a href="https://x.example/"/>'), "has an element that a logo may not have: a."),
    "a symbol from elsewhere": (svg('<use xlink:href="https://x.example/#a"/>'), "refers to something outside itself."),
    "a script as address": (svg('<use href=" javascript:alert(1)"/>'), "refers to something outside itself."),
    "a fill from elsewhere": (svg('<g fill="url(https://x.example/#a)"/>'), "refers to something outside itself."),
    "a style from elsewhere": (svg("<style>@import 'https://x.example'</style>"), "refers to something outside itself."),
    "a hidden style from elsewhere": (svg("<style>@\\69mport 'x'</style>"), "refers to something outside itself."),
    "a style attribute from elsewhere": (svg('<g style="fill:url(\'//x.example\')"/>'), "refers to something outside itself."),
    "a document type": (
        b"<!DOCTYPE svg [<!ENTITY a 'b'>]>" + svg("&a;"),
        "has a document type or a processing instruction; export it as plain SVG.",
    ),
    "a style sheet": (
        b'<?xml-stylesheet href="https://x.example"?>' + svg(),
        "has a document type or a processing instruction; export it as plain SVG.",
    ),
    "another root": (b"<html/>", "is neither a PNG nor an SVG picture."),
    "an SVG in no namespace": (b"<svg/>", "is neither a PNG nor an SVG picture."),
    "a photograph": (b"\xff\xd8\xff\xe0", "is neither a PNG nor an SVG picture."),
    "words": (b"no picture", "is neither a PNG nor an SVG picture."),
    "another encoding": (svg().decode().encode("utf-16"), "is neither a PNG nor an SVG picture."),
    "nothing": (b"", "is neither a PNG nor an SVG picture."),
    "too much": (PNG + b"\0" * MAX_BYTES, "is larger than 100 kB."),
}  # fmt: skip


@pytest.mark.parametrize("body", DRAWINGS.values(), ids=DRAWINGS.keys())
def test_a_drawing_is_taken_as_it_is(body: bytes) -> None:
    logo = check_logo(body)
    assert (logo.body, logo.media_type) == (body, "image/svg+xml")


def test_a_png_is_known_by_its_first_bytes() -> None:
    assert check_logo(PNG).media_type == "image/png"


@pytest.mark.parametrize(("body", "sentence"), REFUSED.values(), ids=REFUSED.keys())
def test_what_is_more_than_a_drawing_is_refused(body: bytes, sentence: str) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011  # the whole sentence is compared
        check_logo(body)
    assert str(caught.value) == sentence
