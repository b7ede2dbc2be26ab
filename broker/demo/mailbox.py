"""The demo's mailbox: takes every mail that the broker sends, to whomever, and shows it.

GET /                 all mails, newest first
GET /mail/<n>         one of them: its text, and its HTML in a frame that may do nothing but open links
GET /mail/<n>/html    the HTML alone
"""

from base64 import b64encode
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from threading import Lock
from typing import cast

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from flask import Flask, Response, abort, render_template

from broker.demo.site import make_site
from broker.ports import Clock

CAPACITY = 200
HTML_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; "
    "sandbox allow-popups allow-popups-to-escape-sandbox; frame-ancestors 'self'"
)


@dataclass(frozen=True, slots=True)
class Received:
    """A mail as it came."""

    number: int
    to: str
    at: datetime
    message: EmailMessage

    @property
    def subject(self) -> str:
        return str(self.message["Subject"] or "No subject")

    def part(self, kind: str) -> str:
        """The text of one part (`plain`, `html`); empty where there is none."""
        part = self.message.get_body((kind,))
        return str(cast(EmailMessage, part).get_content()) if part is not None else ""

    def html_with_pictures(self) -> str:
        """The HTML part, with the pictures that the mail brings where it names them."""
        html = self.part("html")
        for part in self.message.walk():
            if part.get_content_maintype() == "image" and part["Content-ID"]:
                picture = f"data:{part.get_content_type()};base64,{b64encode(part.get_content()).decode()}"
                html = html.replace(f"cid:{part['Content-ID'].strip('<>')}", picture)
        return html


class Mailbox:
    """The newest mails, in memory."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._mails: deque[Received] = deque(maxlen=CAPACITY)
        self._count = 0
        self._lock = Lock()

    def newest_first(self) -> list[Received]:
        """All that are kept."""
        with self._lock:
            return list(reversed(self._mails))

    def put(self, to: str, content: bytes) -> None:
        """Keep one more."""
        message = message_from_bytes(content, policy=policy.default)
        with self._lock:
            self._count += 1
            self._mails.append(Received(self._count, to, self._clock.now(), message))

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        """What aiosmtpd calls with a whole mail."""
        for to in envelope.rcpt_tos:
            self.put(to, envelope.original_content or b"")
        return "250 OK"


def make_mailbox_site(mailbox: Mailbox) -> Flask:
    """The pages."""
    site = make_site("Mailbox", "mailbox")

    def mail_of(number: int) -> Received:
        found = (mail for mail in mailbox.newest_first() if mail.number == number)
        return next(found, None) or abort(404, "This mail is not kept any more.")

    @site.get("/")
    def front() -> Response:
        response = Response(render_template("mailbox/front.html", mails=mailbox.newest_first()))
        response.headers["Refresh"] = "5"
        return response

    @site.get("/mail/<int:number>")
    def show(number: int) -> str:
        return render_template("mailbox/mail.html", mail=mail_of(number))

    @site.get("/mail/<int:number>/html")
    def show_html(number: int) -> Response:
        # In a frame a link would lead nowhere: the broker's pages refuse to be framed.
        html = mail_of(number).html_with_pictures().replace("<head>", '<head><base target="_blank">', 1)
        response = Response(html)
        response.headers["Content-Security-Policy"] = HTML_POLICY
        return response

    return site


@contextmanager
def taking_mail(mailbox: Mailbox, port: int) -> Iterator[None]:
    """Be a mail server on loopback until the block ends."""
    controller = Controller(mailbox, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        yield
    finally:
        controller.stop()
