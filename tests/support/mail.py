"""A real SMTP server on loopback that says what a test wants, and keeps what it took."""

import asyncio
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from threading import Event
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from broker.mail.smtp import SmtpMailer
from tests.support.wiring import make_settings

LOGIN = ("broker", "a password of the mail server")


@dataclass
class Mailbox:
    """`recipient` and `data` are the next answers to RCPT and to the mail itself; without any, all is taken."""

    port: int = 0
    mails: list[EmailMessage] = field(default_factory=list)
    recipients: list[str] = field(default_factory=list)
    recipient: list[str] = field(default_factory=list)
    data: list[str] = field(default_factory=list)
    drops: int = 0
    """So many times it hangs up in the middle of a mail."""
    stalls: int = 0
    """So many times it takes a mail and never says so; `stalled` is set meanwhile."""
    stalled: Event = field(default_factory=Event)
    encrypted: list[bool] = field(default_factory=list)
    logins: list[str] = field(default_factory=list)

    async def handle_RCPT(  # noqa: N802 - the library's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.recipient:
            return self.recipient.pop(0)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        if self.drops:
            self.drops -= 1
            server.transport.close()
            return "451 gone"
        if self.stalls:
            self.stalls -= 1
            self.stalled.set()
            await asyncio.Event().wait()
        if self.data:
            return self.data.pop(0)
        self.mails.append(message_from_bytes(envelope.content, policy=policy.SMTP))  # type: ignore[arg-type]
        self.recipients += envelope.rcpt_tos
        self.encrypted.append(server.transport.get_extra_info("ssl_object") is not None)
        return "250 OK"

    def authenticate(self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any) -> AuthResult:
        assert isinstance(data, LoginPassword)
        self.logins.append(data.login.decode())
        return AuthResult(success=(data.login.decode(), data.password.decode()) == LOGIN, handled=False)

    def to(self, address: str) -> list[EmailMessage]:
        """What came for one address."""
        return [mail for mail, recipient in zip(self.mails, self.recipients, strict=True) if recipient == address]


class _Controller(Controller):
    """With a port that the system chose."""

    def _trigger_server(self) -> None:
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


@contextmanager
def mail_server(*, tls: ssl.SSLContext | None = None, starttls: ssl.SSLContext | None = None) -> Iterator[Mailbox]:
    """Takes mail on a free port. With a context it wants a login and encryption first."""
    box = Mailbox()
    more: dict[str, Any] = {}
    if tls or starttls:
        more = {"authenticator": box.authenticate, "auth_required": bool(starttls), "auth_require_tls": bool(starttls)}
    controller = _Controller(
        box, hostname="127.0.0.1", port=0, ssl_context=tls, tls_context=starttls, require_starttls=bool(starttls), **more
    )
    controller.start()
    box.port = controller.port
    try:
        yield box
    finally:
        controller.stop()


def mailer(box_port: int, *, host: str = "127.0.0.1", trusts: ssl.SSLContext | None = None, **settings: Any) -> SmtpMailer:
    """The product's own, towards a server of the tests. `seconds` bounds one mail."""
    more = {"seconds": settings.pop("seconds")} if "seconds" in settings else {}
    values = {"smtp_host": host, "smtp_port": box_port, "smtp_security": "none", "mail_from": SENDER} | settings
    return SmtpMailer(make_settings("sqlite://", **values), trusts or ssl.create_default_context(), **more)


SENDER = "Sign-in <sign-in@login.example>"
