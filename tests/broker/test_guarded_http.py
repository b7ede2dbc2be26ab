"""The guarded HTTP client against servers that behave and servers that don't (what it never calls: test_in01_ssrf)."""

import gzip
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from threading import Event

import pytest
from werkzeug.wrappers import Request, Response

from broker.bulkhead import Bulkhead
from broker.real_ports import SystemDns, real_ports
from broker.system import SystemClock, SystemRandomness
from tenants.causes import Cause, UpstreamFailure
from tests.support.certificates import Authority
from tests.support.edge import FakeDns, guarded_http
from tests.support.served import served
from tests.support.sockets import drip, hesitate, raw_server, reply
from tests.support.wiring import make_settings


def echo(environ, start_response):
    """Tells what arrived."""
    request = Request(environ)
    told = {
        "method": request.method,
        "path": request.full_path.removesuffix("?"),
        "headers": dict(request.headers),
        "form": request.form.to_dict(),
        "peer": environ["REMOTE_PORT"],
    }
    return Response(repr(told))(environ, start_response)


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with served(echo) as number:
        yield number


def refused(http, url: str, **how) -> str:
    """The word of the failure."""
    with pytest.raises(UpstreamFailure) as failure:
        http.request("GET", url, **how)
    assert failure.value.cause is Cause.UPSTREAM_UNREACHABLE
    return failure.value.detail


def test_form_and_basic_credentials_arrive(port):
    sent = guarded_http(loopback=True).request(
        "POST", f"http://127.0.0.1:{port}/a?b=1", form={"x": "ü &="}, auth=("me", "secret")
    )
    told = eval(sent.body)  # noqa: S307 - our own echo
    assert sent.status == 200
    assert sent.headers["content-type"].startswith("text/plain")
    assert (told["method"], told["path"], told["form"]) == ("POST", "/a?b=1", {"x": "ü &="})
    assert told["headers"]["Authorization"] == "Basic bWU6c2VjcmV0"
    assert told["headers"]["Accept-Encoding"] == "identity"
    assert told["headers"]["Host"] == f"127.0.0.1:{port}"


def test_repeated_requests_share_a_connection(port):
    http = guarded_http(loopback=True)
    told = [eval(http.request("GET", f"http://localhost:{port}/").body) for _ in range(5)]  # noqa: S307
    assert len({one["peer"] for one in told}) == 1


def test_a_name_is_looked_up_once_in_a_while(port):
    dns = FakeDns(localhost=["127.0.0.1"])
    http = guarded_http(dns, loopback=True)
    for _ in range(3):
        http.request("GET", f"http://localhost:{port}/")
    assert dns.asked == ["localhost"]


def test_redirect_is_handed_back(port):
    head = f"302 Found\r\nLocation: http://127.0.0.1:{port}/private\r\nContent-Length: 0"
    with raw_server(reply(head)) as server:
        answer = guarded_http(loopback=True).request("GET", server.url)
    assert answer.status == 302


def test_proxy_of_the_environment_is_ignored(port, monkeypatch):
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "https_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert guarded_http(loopback=True).request("GET", f"http://127.0.0.1:{port}/").status == 200


@pytest.mark.parametrize(
    ("say", "word"),
    [
        pytest.param(lambda sock, over: over.wait(5), "timeout", id="silence"),
        pytest.param(drip(b"HTTP/1.1 200 OK\r\nContent-Length: 200\r\n\r\n"), "timeout", id="a body that drips"),
        pytest.param(drip(b"HTTP/1.1 200 OK\r\nX-Slow: "), "timeout", id="a header that drips"),
        pytest.param(drip(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"), "timeout", id="a chunk that drips"),
        pytest.param(
            hesitate(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n", b"{", b"}", pause=0.25),
            "timeout",
            id="a body with long pauses",
        ),
        pytest.param(reply("200 OK\r\nContent-Length: 200", b"short"), "exchange", id="a body that is cut off"),
        pytest.param(reply("200 OK\r\nContent-Length: 5000", b"x" * 5000), "size", id="a body beyond the limit"),
        pytest.param(reply("200 OK", b"x" * 5000), "size", id="a body without announced length"),
        pytest.param(reply("200 OK\r\nContent-Encoding: gzip", gzip.compress(b"{}")), "encoding", id="a packed body"),
        pytest.param(reply("200 OK\r\n" + "X: y\r\n" * 200 + "Z: z"), "exchange", id="too many headers"),
        pytest.param(reply("200 OK\r\nX: " + "y" * 70_000), "exchange", id="a header beyond measure"),
        pytest.param(lambda sock, over: sock.sendall(b"SSH-2.0-OpenSSH\r\n"), "exchange", id="another protocol"),
        pytest.param(lambda sock, over: None, "exchange", id="hanging up"),
    ],
)
def test_bad_answer_is_unreachable(say, word):
    with raw_server(say) as server:
        assert refused(guarded_http(loopback=True), server.url, max_bytes=1000, timeout=0.4) == word


def test_answer_without_end_is_left_at_the_deadline():
    def pour(sock, over):
        sock.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        while not over.is_set():
            sock.sendall(b"x" * 1000)

    with raw_server(pour) as server:
        assert refused(guarded_http(loopback=True), server.url, max_bytes=10**10, timeout=0.2) == "timeout"


def test_next_request_after_a_bad_answer_is_a_fresh_one(port):
    http = guarded_http(loopback=True)
    assert refused(http, f"http://127.0.0.1:{port}/", max_bytes=10) == "size"
    assert http.request("GET", f"http://127.0.0.1:{port}/").status == 200


def test_nobody_listens():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        free = listener.getsockname()[1]
    assert refused(guarded_http(loopback=True), f"http://127.0.0.1:{free}/") == "connect"


def test_second_address_is_tried_when_nobody_listens_at_the_first(port):
    http = guarded_http(FakeDns(localhost=["127.0.0.2", "127.0.0.1"]), loopback=True)
    assert http.request("GET", f"http://localhost:{port}/").status == 200


def test_unknown_name():
    assert refused(guarded_http(), "https://nowhere.example/") == "dns"
    assert refused(guarded_http(FakeDns(empty_example=[])), "https://empty.example/") == "dns"


def test_failed_look_up_is_remembered_for_a_moment():
    dns = FakeDns()
    http = guarded_http(dns)
    assert [refused(http, "https://nowhere.example/") for _ in range(3)] == ["dns"] * 3
    assert dns.asked == ["nowhere.example"]


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


@pytest.fixture(scope="module")
def tls_port(authority: Authority, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    folder: Path = tmp_path_factory.mktemp("tls")
    with served(echo, tls=authority.server_context("idp.example", folder)) as number:
        yield number


class TestTls:
    @pytest.fixture
    def dns(self) -> FakeDns:
        return FakeDns(idp_example=["127.0.0.1"], other_example=["127.0.0.1"])

    def test_certificate_is_checked_for_the_name(self, authority, tls_port, dns):
        http = guarded_http(dns, networks=["127.0.0.0/8"], tls=authority.client_context())
        told = eval(http.request("GET", f"https://idp.example:{tls_port}/").body)  # noqa: S307
        assert told["headers"]["Host"] == f"idp.example:{tls_port}"
        assert refused(http, f"https://other.example:{tls_port}/") == "tls"
        assert refused(http, f"https://127.0.0.1:{tls_port}/") == "tls"

    def test_connection_is_shared(self, authority, tls_port, dns):
        http = guarded_http(dns, networks=["127.0.0.0/8"], tls=authority.client_context())
        told = [eval(http.request("GET", f"https://idp.example:{tls_port}/").body) for _ in range(3)]  # noqa: S307
        assert len({one["peer"] for one in told}) == 1

    def test_unknown_authority_is_refused(self, tls_port, dns):
        http = guarded_http(dns, networks=["127.0.0.0/8"])
        assert refused(http, f"https://idp.example:{tls_port}/") == "tls"

    def test_handshake_that_comes_too_late(self, authority, dns):
        def say(sock, over):
            over.wait(0.8)
            sock.sendall(b"no TLS at all")

        with raw_server(say) as server:
            http = guarded_http(dns, networks=["127.0.0.0/8"], tls=authority.client_context())
            assert refused(http, f"https://idp.example:{server.port}/", timeout=0.3) == "timeout"


class TestBulkhead:
    def test_slow_host_gets_few_calls_at_a_time(self):
        bulkhead = Bulkhead(slow_seconds=0)
        with bulkhead.entered("slow.example"):
            pass
        with ExitStack() as calls:
            calls.enter_context(bulkhead.entered("slow.example"))
            calls.enter_context(bulkhead.entered("slow.example"))
            with pytest.raises(UpstreamFailure, match="busy"):
                calls.enter_context(bulkhead.entered("slow.example"))
            calls.enter_context(bulkhead.entered("other.example"))
        with bulkhead.entered("slow.example"):
            pass

    def test_quick_host_gets_as_many_as_come(self):
        bulkhead = Bulkhead()
        with ExitStack() as calls:
            for _ in range(50):
                calls.enter_context(bulkhead.entered("quick.example"))

    def test_hosts_of_long_ago_are_forgotten(self):
        bulkhead = Bulkhead(slow_seconds=0)
        for number in range(1001):
            with bulkhead.entered(f"{number}.example"):
                pass
        with ExitStack() as calls:
            for _ in range(3):
                calls.enter_context(bulkhead.entered("0.example"))

    def test_failing_call_counts_too(self):
        bulkhead = Bulkhead(slow_seconds=0)
        for _ in range(5):
            with pytest.raises(UpstreamFailure, match="timeout"), bulkhead.entered("slow.example"):
                raise UpstreamFailure(Cause.UPSTREAM_UNREACHABLE, "timeout")


class TestRealPorts:
    def test_resolver_knows_this_machine(self):
        assert "127.0.0.1" in SystemDns().resolve("localhost", 443)

    @pytest.mark.parametrize("name", ["a..b", "x" * 70 + ".example", "nothing.invalid"])
    def test_resolver_refuses_what_is_no_name(self, name):
        with pytest.raises(OSError):  # noqa: PT011 - the port promises no more
            SystemDns().resolve(name, 443)

    def test_resolver_that_takes_too_long(self, monkeypatch):
        answered = Event()
        monkeypatch.setattr("socket.getaddrinfo", lambda *args, **more: answered.wait(5))
        with pytest.raises(OSError, match="in time"):
            SystemDns(seconds=0.05).resolve("slow.example", 443)
        answered.set()

    def test_clock_and_randomness(self):
        assert SystemClock().now().utcoffset().total_seconds() == 0
        randomness = SystemRandomness()
        assert len(randomness.token_bytes(16)) == 16
        assert len(randomness.token_urlsafe(32)) == 43
        assert 0 <= randomness.randbelow(10) < 10

    def test_ports_follow_the_settings(self, port):
        ports = real_ports(make_settings("sqlite://", allow_loopback_http=True))
        assert ports.http.request("GET", f"http://127.0.0.1:{port}/").status == 200
        strict = real_ports(make_settings("sqlite://", allow_loopback_http=False))
        assert refused(strict.http, f"http://127.0.0.1:{port}/") == "scheme"
