"""The Mailer port over SMTP (RFC 5321), one connection for each mail.

A refusal of the recipient or of the mail itself (5xx) is final. Everything else is tried again: a server that is full or
greylists (4xx), that hangs up, that does not let us in. The last is the operator's to mend, and no mail is lost meanwhile.
"""

import smtplib
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from email.errors import HeaderParseError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr
from threading import Timer
from typing import Any

from broker.ports import MailFault, OutgoingMail, Picture
from broker.settings import Settings

STEP_SECONDS = 15.0
WHOLE_SECONDS = 60.0
"""For all that follows the greeting, also with a server that answers a letter at a time; well below the lease."""


class SmtpMailer:
    """Sends by the server that the settings name."""

    def __init__(self, settings: Settings, tls: ssl.SSLContext, *, seconds: float = WHOLE_SECONDS) -> None:
        self._settings = settings
        self._tls = tls
        self._seconds = seconds

    def send(self, mail: OutgoingMail, now: datetime) -> None:
        message = self._message(mail, now)
        with _faults(), self._connection() as server:
            refused = _send(server, message)
            # The server has the mail. What it says when we leave is of no interest.
            with suppress(smtplib.SMTPException, OSError):
                server.quit()
        if refused is not None:
            raise refused

    def check(self) -> None:
        with _faults(), self._connection() as server:
            server.noop()

    def _message(self, mail: OutgoingMail, now: datetime) -> EmailMessage:
        try:
            message = EmailMessage(policy=SMTP)
            message["From"] = self._settings.mail_from
            message["To"] = _address(mail.to_address)
            message["Subject"] = mail.subject
            message["Date"] = format_datetime(now)
            message["Message-ID"] = f"<{mail.id}@{self._settings.main_host}>"
            message["Auto-Submitted"] = "auto-generated"  # RFC 3834, 5: no holiday notes in return
            message.set_content(mail.text)
            message.add_alternative(mail.html, subtype="html")
            _add_pictures(message, mail.pictures)
        except (ValueError, HeaderParseError) as error:  # a line break in a header, or no address
            raise MailFault(f"this can't be a mail: {error}", is_final=True) from None
        return message

    @contextmanager
    def _connection(self) -> Iterator[smtplib.SMTP]:
        settings, server = self._settings, self._connected()
        # Closing the socket wakes whoever waits for it.
        alarm = Timer(self._seconds, _hang_up, [server])
        alarm.daemon = True
        alarm.start()
        try:
            if settings.smtp_security == "starttls":
                server.starttls(context=self._tls)
            if settings.smtp_username:
                server.login(settings.smtp_username, settings.smtp_password.get_secret_value())
            yield server
        finally:
            alarm.cancel()
            server.close()

    def _connected(self) -> smtplib.SMTP:
        settings = self._settings
        place: dict[str, Any] = {"host": settings.smtp_host, "port": settings.smtp_port, "timeout": STEP_SECONDS}
        place["local_hostname"] = settings.main_host
        if settings.smtp_security == "tls":
            return smtplib.SMTP_SSL(**place, context=self._tls)
        return smtplib.SMTP(**place)


def _add_pictures(message: EmailMessage, pictures: tuple[Picture, ...]) -> None:
    """Beside the HTML and inside the same part (RFC 2387): nobody sees them as attachments."""
    for picture in pictures:
        html = message.get_body(("html",))
        kind, _, subtype = picture.media_type.partition("/")
        if isinstance(html, EmailMessage):
            html.add_related(picture.body, kind, subtype, cid=f"<{picture.name}>", disposition="inline")


def _send(server: smtplib.SMTP, message: EmailMessage) -> MailFault | None:
    """The server's refusal of this recipient or of this mail, if it refuses."""
    sender = parseaddr(str(message["From"]))[1]
    try:
        server.send_message(message, from_addr=sender)
    except smtplib.SMTPRecipientsRefused as error:
        code, reply = next(iter(error.recipients.values()))
        return _fault(code, reply)
    except smtplib.SMTPDataError as error:
        return _fault(error.smtp_code, error.smtp_error)
    except smtplib.SMTPNotSupportedError as error:
        # An address with letters beyond ASCII, and a server without SMTPUTF8 (RFC 6531).
        return MailFault(str(error), is_final=True)
    return None


def _fault(code: int, reply: bytes | str) -> MailFault:
    words = reply.decode("utf-8", "replace") if isinstance(reply, bytes) else reply
    return MailFault(f"{code} {words}", is_final=500 <= code < 600)


@contextmanager
def _faults() -> Iterator[None]:
    try:
        yield
    except smtplib.SMTPResponseException as error:
        raise MailFault(f"{_fault(error.smtp_code, error.smtp_error)}", is_final=False) from None
    except (smtplib.SMTPException, OSError, ValueError) as error:
        raise MailFault(f"{type(error).__name__}: {error}", is_final=False) from None


def _address(text: str) -> Address:
    local, _, domain = text.rpartition("@")
    return Address(username=local, domain=domain)


def _hang_up(server: smtplib.SMTP) -> None:
    # Not the socket of the beginning: STARTTLS makes another one of it.
    if server.sock is not None:
        with suppress(OSError):
            server.sock.shutdown(socket.SHUT_RDWR)
