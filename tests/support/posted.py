"""The product with a mail server: what it writes to people can be read in `box`."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from email.message import EmailMessage
from itertools import count
from typing import Any

from flask import Flask

from broker import create_app
from broker.mail.worker import deliver
from broker.wiring import Broker
from tests.browser import Browser
from tests.support.clock import FakeClock
from tests.support.mail import SENDER, Mailbox, mail_server, mailer
from tests.support.wiring import ORIGIN, make_ports, make_settings

_NETWORKS = count(1)


@dataclass(frozen=True)
class Posted:
    """`app` and what it has sent."""

    app: Flask
    box: Mailbox

    @property
    def broker(self) -> Broker:
        parts: Broker = self.app.extensions["broker"]
        return parts

    def browser(self, network: str | None = None) -> Browser:
        """A new browser, in a network of its own: they are counted."""
        browser = Browser(self.app, ORIGIN)
        number = next(_NETWORKS)
        browser.address = network or f"198.51.{number // 250}.{number % 250 + 1}"
        return browser

    def work(self) -> None:
        """Let the worker do what is due."""
        with self.app.app_context():
            while deliver(self.broker):
                pass

    def mails_to(self, address: str) -> list[EmailMessage]:
        """All that has been sent to an address until now."""
        self.work()
        return self.box.to(address)


@contextmanager
def posted(database_url: str, clock: FakeClock, **changes: Any) -> Iterator[Posted]:
    """The whole product on this database, with a mail server of its own. `changes` are settings. No old mail waits."""
    with mail_server() as box:
        settings = make_settings(database_url, smtp_host="127.0.0.1", smtp_port=box.port, mail_from=SENDER, **changes)
        app = create_app(settings, ports=replace(make_ports(clock), mailer=mailer(box.port)))
        made = Posted(app, box)
        made.work()
        box.mails.clear()
        box.recipients.clear()
        yield made
        made.broker.db.dispose()


def text_of(mail: EmailMessage) -> str:
    """The plain part."""
    return _part(mail, "plain")


def html_of(mail: EmailMessage) -> str:
    """The HTML part."""
    return _part(mail, "html")


def _part(mail: EmailMessage, kind: str) -> str:
    part = mail.get_body((kind,))
    assert isinstance(part, EmailMessage)
    words = part.get_content()
    assert isinstance(words, str)
    return words.replace("\r\n", "\n")
