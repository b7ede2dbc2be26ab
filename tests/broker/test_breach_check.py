"""The range service behind the guarded client, over real sockets: what is sent, what is believed, how long is waited."""

import time

import pytest
from pydantic import ValidationError

from broker.breach_check import MAX_BYTES, SECONDS, is_known_to_service
from tenants.causes import Cause, UpstreamFailure
from tests.support.edge import guarded_http
from tests.support.ranges import RangeService, sha1
from tests.support.served import served
from tests.support.sockets import drip, hesitate, raw_server, reply
from tests.support.wiring import make_settings

PASSWORD = "Vague-Otter_42"
SILENCE = hesitate(b"", pause=5)
NAMES = f"{sha1(PASSWORD)[5:]}:3\r\n"


def ask(port: int, password: str = PASSWORD) -> bool:
    return is_known_to_service(guarded_http(loopback=True), f"http://127.0.0.1:{port}/range/", password)


def test_lc06_the_service_learns_five_digits_of_the_hash_and_nothing_else() -> None:
    service = RangeService(PASSWORD)
    with served(service) as port:
        assert ask(port)
        assert not ask(port, "another lantern")
    assert service.paths == [f"/range/{sha1(PASSWORD)[:5]}", f"/range/{sha1('another lantern')[:5]}"]
    sent = service.asked[0][1]
    assert sent["Add-Padding"] == "true"
    assert set(sent) == {"Host", "Accept", "Accept-Encoding", "Add-Padding", "User-Agent"}


@pytest.mark.parametrize(
    ("answer", "is_known"),
    [
        pytest.param(NAMES, True, id="it is among them"),
        pytest.param(NAMES.lower(), True, id="in small letters"),
        pytest.param(f"{'0' * 35}:7\r\n{NAMES}\r\n", True, id="among others, with an empty line"),
        pytest.param(f"{'0' * 35}:7\r\n", False, id="only others"),
        pytest.param(NAMES.replace(":3", ":0"), False, id="padding that looks like it"),
    ],
)
def test_an_answer_decides(answer: str, is_known: bool) -> None:
    with raw_server(reply("200 OK\nContent-Type: text/plain", answer.encode())) as server:
        assert ask(server.port) is is_known


@pytest.mark.parametrize(
    "say",
    [
        pytest.param(reply("503 Busy", NAMES.encode()), id="a status of its own"),
        pytest.param(reply("302 Found\nLocation: http://127.0.0.1:1/"), id="a redirect"),
        pytest.param(reply("200 OK", b"<html>Please sign in to the network</html>"), id="a page instead"),
        pytest.param(reply("200 OK", b"\xff\xfe\x00"), id="no text"),
        pytest.param(reply("200 OK"), id="nothing"),
        pytest.param(reply("200 OK", NAMES.encode() * (MAX_BYTES // len(NAMES) + 1)), id="far too much"),
        pytest.param(lambda sock, over: None, id="hanging up"),
    ],
)
def test_what_is_no_answer_is_no_verdict(say) -> None:
    with raw_server(say) as server, pytest.raises(UpstreamFailure) as failure:
        ask(server.port)
    assert failure.value.cause is Cause.UPSTREAM_UNREACHABLE


@pytest.mark.parametrize(
    "say",
    [
        pytest.param(SILENCE, id="no answer"),
        pytest.param(drip(b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n"), id="an answer that trickles"),
        pytest.param(drip(b"HTTP/1.1 200 OK\r\nX-"), id="headers that trickle"),
    ],
)
def test_nobody_waits_longer_than_the_limit(say) -> None:
    with raw_server(say) as server:
        began = time.monotonic()
        with pytest.raises(UpstreamFailure, match="timeout"):
            ask(server.port)
    assert SECONDS == 0.8
    assert time.monotonic() - began < 3 * SECONDS


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("", ""),
        ("https://ranges.example/range", "https://ranges.example/range/"),
        ("https://ranges.example/range/", "https://ranges.example/range/"),
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000/"),
    ],
)
def test_address_is_kept_with_a_slash_at_its_end(url: str, kept: str) -> None:
    assert make_settings("sqlite://", breach_check_url=url).breach_check_url == kept


@pytest.mark.parametrize(
    "url", ["http://ranges.example/", "ranges.example", "https://", "https://ranges.example/?q=", "ftp://x/"]
)
def test_unsafe_address_stops_the_start(url: str) -> None:
    with pytest.raises(ValidationError, match="https address"):
        make_settings("sqlite://", breach_check_url=url)


def test_nobody_there_is_said_at_once() -> None:
    with raw_server(SILENCE) as server:
        port = server.port
    with pytest.raises(UpstreamFailure):
        ask(port)
