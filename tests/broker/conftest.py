"""What tests of mail and of commands about it share."""

from collections.abc import Iterator

import pytest

from tests.support.commands import environment
from tests.support.mail import SENDER, Mailbox, mail_server


@pytest.fixture
def box() -> Iterator[Mailbox]:
    """A mail server, and what it took."""
    with mail_server() as made:
        yield made


@pytest.fixture
def mail_variables(database_url: str, box: Mailbox) -> dict[str, str]:
    """What an operator sets, with this mail server."""
    mail = {"SMTP_HOST": "127.0.0.1", "SMTP_PORT": str(box.port), "SMTP_SECURITY": "none", "MAIL_FROM": SENDER}
    return environment(database_url, **mail)
