"""What mails say: one function for each message, which gives subject, text and HTML with the same words.

Subjects are fixed. What others wrote (names, addresses) goes into the bodies only, as one line, escaped in HTML. Links
are made of stored addresses. Nothing in a mail is fetched from elsewhere.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import quote, urlsplit

from flask import render_template
from flask_babel import format_datetime
from flask_babel import gettext as _

from tenants.audit import printable


@dataclass(frozen=True, slots=True)
class Content:
    """What a mail says, in both its forms."""

    subject: str
    text: str
    html: str


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
        _Line(printable(way.name), _place(way.base_url), f"{way.base_url}/sign-in?login_hint={quote(address, safe='@')}")
        for way in ways
    ]
    return _content(
        _("Where you sign in"), "finder", address=address, lines=lines, front_url=f"{base_url}/", asked_at=_time(asked_at)
    )


def test(address: str, tenant_name: str, base_url: str, note: str) -> Content:
    """That mail works, for those who look after it."""
    return _content(
        _("Mail works"),
        "test",
        address=address,
        tenant_name=printable(tenant_name),
        front_url=f"{base_url}/",
        note=printable(note),
    )


def _content(subject: str, name: str, **values: object) -> Content:
    """Both parts of `templates/mail/<name>`: Flask escapes in .html and not in .txt."""
    front = str(values["front_url"])
    values |= {"subject": subject, "sender": urlsplit(front).netloc}
    return Content(
        subject,
        render_template(f"mail/{name}.txt", **values),
        render_template(f"mail/{name}.html", **values),
    )


def _place(base_url: str) -> str:
    """The address without its scheme, as people read it."""
    parts = urlsplit(base_url)
    return f"{parts.netloc}{parts.path}"


def _time(moment: datetime) -> str:
    return f"{format_datetime(moment.astimezone(UTC), 'd MMMM y, HH:mm')} UTC"
