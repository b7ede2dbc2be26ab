"""Every mail in each of its states, as a function of `broker/mail/messages.py` makes it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from broker.mail.messages import Content, WayIn, finder, test

AT = datetime(2026, 11, 21, 9, 12, tzinfo=UTC)
EMAIL = "jane.doe@acme.example"
BASE = "https://login.example"
ACME = WayIn("Acme Group", "https://acme.login.example")
LUMEN = WayIn("Lumen Studio", "https://login.example/t/lumen")


@dataclass(frozen=True)
class MailSample:
    """`make` needs an application context."""

    message: str
    make: Callable[[], Content]


MAILS = {
    "finder": MailSample("finder", lambda: finder(EMAIL, [ACME], BASE, AT)),
    "finder-several": MailSample("finder", lambda: finder(EMAIL, [ACME, LUMEN], BASE, AT)),
    "test": MailSample("test", lambda: test(EMAIL, ACME.name, ACME.base_url, "From the command line.")),
    "finder-none": MailSample("finder", lambda: finder(EMAIL, [], BASE, AT)),
}
