"""TXT records from a real name server on this machine, which this file plays."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import sleep

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.resolver
import dns.rrset
import pytest

from broker.real_ports import MAX_TXT, MAX_TXT_CHARACTERS, SystemDns

Answer = Callable[[dns.message.Message], dns.message.Message | None]
NAME = "_sso-broker.acme.example"


@contextmanager
def name_server(answer: Answer) -> Iterator[SystemDns]:
    """The port, asking a server that answers so; None: not at all."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        thread = threading.Thread(target=_serve, args=(server, answer))
        thread.start()
        port = server.getsockname()[1]
        try:
            yield SystemDns(0.2, lambda: _resolver(port))
        finally:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as end:
                end.sendto(b"", ("127.0.0.1", port))
            thread.join()


def _serve(server: socket.socket, answer: Answer) -> None:
    while True:
        data, asker = server.recvfrom(4096)
        if not data:
            return
        told = answer(dns.message.from_wire(data))
        if told is not None:
            server.sendto(told.to_wire(), asker)


def _resolver(port: int) -> dns.resolver.Resolver:
    made = dns.resolver.Resolver(configure=False)
    made.nameservers, made.port = ["127.0.0.1"], port
    made.search = [dns.name.from_text("office.example.")]
    return made


def texts(*records: str, asked: list[str] | None = None) -> Answer:
    def answer(query: dns.message.Message) -> dns.message.Message:
        name = query.question[0].name
        if asked is not None:
            asked.append(str(name))
        told = dns.message.make_response(query)
        if records:
            told.answer.append(dns.rrset.from_text(name, 60, "IN", "TXT", *records))
        return told

    return answer


def failing(code: dns.rcode.Rcode) -> Answer:
    def answer(query: dns.message.Message) -> dns.message.Message:
        told = dns.message.make_response(query)
        told.set_rcode(code)
        return told

    return answer


def test_records_come_as_they_are_and_no_name_but_the_one_is_asked() -> None:
    asked: list[str] = []
    with name_server(texts('"sso-broker-domain=" "abc"', '"v=other"', asked=asked)) as port:
        assert sorted(port.txt(NAME)) == ["sso-broker-domain=abc", "v=other"]
    assert asked == [f"{NAME}."]


def test_no_record_and_no_such_name_are_an_empty_answer() -> None:
    for answer in (texts(), failing(dns.rcode.NXDOMAIN)):
        with name_server(answer) as port:
            assert port.txt(NAME) == []


def test_failure_silence_and_names_that_are_none_are_no_answer() -> None:
    for answer in (failing(dns.rcode.SERVFAIL), failing(dns.rcode.REFUSED), lambda _: None):
        with name_server(answer) as port, pytest.raises(OSError, match="no name server answers"):
            port.txt(NAME)
    for name in ("a" * 70 + ".example", ".".join(["abcdefgh"] * 40)):
        with name_server(texts('"x"')) as port, pytest.raises(OSError, match="no name server answers"):
            port.txt(name)


def test_silent_name_server_leaves_time_to_ask_again_and_a_late_one_has_as_long_as_it_is_given() -> None:
    answers = texts('"abc"')

    def answer_late(query: dns.message.Message) -> dns.message.Message | None:
        sleep(0.5)
        return answers(query)

    told = iter([None])
    with name_server(lambda query: next(told, answers(query))) as port:
        assert port.txt(NAME, timeout=1.0) == ["abc"]
    with name_server(answer_late) as port:
        assert port.txt(NAME, timeout=4.0) == ["abc"]


def test_what_is_read_of_an_answer_is_bounded() -> None:
    long = " ".join(['"' + "x" * 250 + '"'] * 3)
    with name_server(texts(long)) as port:
        assert [len(text) for text in port.txt(NAME)] == [MAX_TXT_CHARACTERS]
    many = [f'"{number}"' for number in range(MAX_TXT + 10)]
    with name_server(texts(*many)) as port:
        assert len(port.txt(NAME)) == MAX_TXT
