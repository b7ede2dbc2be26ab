"""The Mailer port against a real server: what is taken, what is refused for good, and what is tried again."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace

import pytest

from broker.mail.smtp import SmtpMailer
from broker.ports import MailFault, OutgoingMail, Picture
from tests.support.certificates import Authority
from tests.support.clock import START
from tests.support.mail import LOGIN, SENDER, mail_server, mailer
from tests.support.mails import picture
from tests.support.wiring import make_settings

JANE = "jane.doe@acme.example"
SAID = {"smtp_username": LOGIN[0], "smtp_password": LOGIN[1]}
TLS = ("tls", "starttls")


@pytest.fixture(scope="module")
def authority():
    return Authority()


@pytest.fixture(scope="module")
def context(authority, tmp_path_factory):
    return authority.server_context("localhost", tmp_path_factory.mktemp("tls"))


def mail(to: str = JANE, subject: str = "Where you sign in", text: str = "Grüße\n", html: str = "<p>Grüße</p>") -> OutgoingMail:
    return OutgoingMail("mai_1", to, subject, text, html)


def fault_of(sender: SmtpMailer, one: OutgoingMail | None = None) -> MailFault:
    with pytest.raises(MailFault) as raised:
        sender.send(one or mail(), START)
    return raised.value


def test_mail_arrives_with_both_parts_and_its_headers():
    with mail_server() as box:
        mailer(box.port).send(mail(), START)
    (came,) = box.to(JANE)
    assert (came["From"], came["To"], came["Subject"]) == (SENDER, JANE, "Where you sign in")
    assert came["Message-ID"] == "<mai_1@localhost>"
    assert came["Date"].datetime == START
    assert came["Auto-Submitted"] == "auto-generated"
    assert came.get_body(("plain",)).get_content().strip() == "Grüße"
    assert came.get_body(("html",)).get_content().strip() == "<p>Grüße</p>"


def test_picture_comes_with_the_mail_and_is_no_attachment():
    body = picture()
    with mail_server() as box:
        mailer(box.port).send(replace(mail(html='<img src="cid:logo">'), pictures=(Picture("logo", "image/png", body),)), START)
    (came,) = box.to(JANE)
    kinds = [part.get_content_type() for part in came.walk()]
    assert kinds == ["multipart/alternative", "text/plain", "multipart/related", "text/html", "image/png"]
    (drawn,) = [part for part in came.walk() if part.get_content_type() == "image/png"]
    assert (drawn["Content-ID"], drawn.get_content_disposition(), drawn.get_filename()) == ("<logo>", "inline", None)
    assert drawn.get_content() == body
    assert came.get_body(("plain",)).get_content().strip() == "Grüße"
    assert came.get_body(("html",)).get_content().strip() == '<img src="cid:logo">'


def test_the_same_mail_tried_again_has_the_same_name():
    with mail_server() as box:
        for _ in range(2):
            mailer(box.port).send(mail(), START)
    assert len({came["Message-ID"] for came in box.mails}) == 1


def test_address_beyond_ascii_arrives():
    with mail_server() as box:
        mailer(box.port).send(mail("zoë@acme.example"), START)
    assert box.recipients == ["zoë@acme.example"]


@pytest.mark.parametrize("step", ["recipient", "data"])
@pytest.mark.parametrize(("answer", "is_final"), [("550 nobody here", True), ("451 come back later", False)])
def test_refusal_is_final_with_5xx_and_not_with_4xx(step, answer, is_final):
    with mail_server() as box:
        getattr(box, step).append(answer)
        fault = fault_of(mailer(box.port))
    assert (str(fault), fault.is_final) == (answer, is_final)
    assert box.mails == []


def test_connection_that_drops_is_tried_again():
    with mail_server() as box:
        box.drops = 1
        assert not fault_of(mailer(box.port)).is_final
        mailer(box.port).send(mail(), START)
    assert len(box.mails) == 1


def test_server_that_is_not_there_is_tried_again():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    assert not fault_of(mailer(port)).is_final


@pytest.mark.parametrize("security", TLS)
def test_mail_is_encrypted_and_logged_in(authority, context, security):
    with mail_server(**{security: context}) as box:
        sender = mailer(box.port, host="localhost", trusts=authority.client_context(), smtp_security=security, **SAID)
        sender.check()
        sender.send(mail(), START)
    assert (box.encrypted, box.logins) == ([True], [LOGIN[0]] * 2)


@pytest.mark.parametrize("security", TLS)
@pytest.mark.parametrize(
    ("host", "trusted", "said"),
    [("localhost", False, SAID), ("127.0.0.1", True, SAID), ("localhost", True, SAID | {"smtp_password": "another"})],
    ids=["unknown authority", "another name", "wrong password"],
)
def test_server_that_is_not_the_right_one_gets_nothing(authority, context, security, host, trusted, said):
    """Ours to mend: no mail is given up for it."""
    with mail_server(**{security: context}) as box:
        trusts = authority.client_context() if trusted else None
        fault = fault_of(mailer(box.port, host=host, trusts=trusts, smtp_security=security, **said))
    assert not fault.is_final
    assert LOGIN[1] not in str(fault)
    assert box.mails == []


def test_server_without_starttls_gets_neither_mail_nor_password(context):
    with mail_server() as box:
        assert not fault_of(mailer(box.port, smtp_security="starttls", **SAID)).is_final
    assert (box.mails, box.logins) == ([], [])


@contextmanager
def talker(talk: Callable[[socket.socket, threading.Event], None]) -> Iterator[int]:
    """A server that says what it likes."""
    over = threading.Event()

    def accept() -> None:
        sock, _ = listener.accept()
        with sock, suppress(OSError):
            talk(sock, over)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        yield listener.getsockname()[1]
        over.set()
        thread.join()


def test_server_that_answers_a_letter_at_a_time_is_left():
    def drip(sock: socket.socket, over: threading.Event) -> None:
        sock.sendall(b"220 here\r\n")
        while not over.wait(0.02):
            sock.sendall(b"2")

    with talker(drip) as port:
        assert not fault_of(mailer(port, seconds=0.3)).is_final


def test_server_that_knows_ascii_alone_refuses_other_addresses_for_good():
    def say(sock: socket.socket, over: threading.Event) -> None:
        sock.sendall(b"220 here\r\n")
        while line := sock.recv(1000):
            sock.sendall(b"221 bye\r\n" if line.startswith(b"QUIT") else b"250 OK\r\n")

    with talker(say) as port:
        assert fault_of(mailer(port), mail("zoë@acme.example")).is_final


@pytest.mark.parametrize("line_break", ["\r\n", "\n", "\r", "\x00\r\n", "\u2028\n"])
@pytest.mark.parametrize("where", ["to", "subject"])
def test_ir10_header_cannot_be_put_into_a_mail(where, line_break):
    value = {"to": f"jane{line_break}Bcc: eve@evil.example@acme.example", "subject": f"Hello{line_break}Bcc: eve@evil.example"}
    with mail_server() as box:
        assert fault_of(mailer(box.port), mail(**{where: value[where]})).is_final
    assert box.mails == []


def test_ir10_body_cannot_end_the_mail():
    """A dot alone on its line, and the words of a second mail after it (RFC 5321, 4.5.2)."""
    text = "Hello\r\n.\r\nMAIL FROM:<eve@evil.example>\r\nRCPT TO:<all@acme.example>\r\nDATA\r\nspam\r\n.\r\n"
    with mail_server() as box:
        mailer(box.port).send(mail(text=text), START)
    assert box.recipients == [JANE]
    assert "MAIL FROM:<eve@evil.example>" in box.mails[0].get_body(("plain",)).get_content()


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"smtp_host": "mail.example"}, "mail_from: needed"),
        ({"smtp_host": "mail.example", "mail_from": "nobody"}, "mail_from: write it"),
        ({"mail_from": "A <a@b.example>\r\nBcc: eve@evil.example"}, "mail_from: write it"),
        ({"smtp_host": "mail.example", "mail_from": SENDER, "smtp_username": "x", "smtp_security": "none"}, "in clear"),
        ({"smtp_host": "mail.example", "mail_from": SENDER, "smtp_security": "perhaps"}, "smtp_security"),
    ],
)
def test_settings_that_could_not_work_or_are_unsafe_are_refused(values, reason):
    with pytest.raises(ValueError, match=reason):
        make_settings("sqlite://", **values)
