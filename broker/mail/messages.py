"""What every mail is made of, and the platform's own one: the finder's. Those of a tenant begin in letter.py.

Subjects are fixed. What others wrote (names, addresses) goes into the bodies only, as one line, escaped in HTML. Links
are made of stored addresses. Nothing in a mail is fetched from elsewhere.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote, urlsplit

from flask import render_template
from flask_babel import gettext as _

from broker.brand import brand_tokens
from broker.moments import moment_words
from broker.ports import Picture
from tenants.audit import printable


@dataclass(frozen=True, slots=True)
class Colours:
    """Of links and buttons, in the light theme and in the dark one; `on` is the writing on a button."""

    light: str
    on_light: str
    dark: str
    on_dark: str


DEFAULT_COLOURS = Colours("#2c58c9", "#ffffff", "#93b1ff", "#0a1536")


@dataclass(frozen=True, slots=True)
class Content:
    """What a mail says, in both its forms."""

    subject: str
    text: str
    html: str
    pictures: tuple[Picture, ...] = ()


@dataclass(frozen=True, slots=True)
class WayIn:
    """An organization and its canonical address."""

    name: str
    base_url: str


@dataclass(frozen=True, slots=True)
class _Line:
    name: str
    place: str
    url: str


def finder(address: str, ways: Sequence[WayIn], base_url: str, asked_at: datetime) -> Content:
    """Where the owner of an address signs in (R6)."""
    lines = [
        _Line(printable(way.name), place_of(way.base_url), f"{way.base_url}/sign-in?login_hint={quote(address, safe='@')}")
        for way in ways
    ]
    subject = _("Where you sign in")
    values = {
        "address": address,
        "asked_at": moment_words(asked_at),
        "colours": DEFAULT_COLOURS,
        "front_url": f"{base_url}/",
        "lines": lines,
        "sender": urlsplit(base_url).netloc,
        "subject": subject,
    }
    # Flask escapes in .html and not in .txt.
    return Content(subject, render_template("mail/finder.txt", **values), render_template("mail/finder.html", **values))


def colours_of(colour: str) -> Colours:
    """What the one colour of a tenant gives. Raises ValueError where it is none."""
    tokens = brand_tokens(colour)
    return Colours(tokens["brand"], tokens["on-brand"], tokens["brand-dark"], tokens["on-brand-dark"])


def place_of(base_url: str) -> str:
    """The address without its scheme, as people read it."""
    parts = urlsplit(base_url)
    return f"{parts.netloc}{parts.path}"
