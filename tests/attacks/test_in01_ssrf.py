"""IN-01: an admin's URL can't make the product call what only the product can reach."""

import socket

import pytest
from werkzeug.wrappers import Response

from broker.addresses import is_public, parse_address
from broker.upstream.metadata import fetch_provider
from tenants.causes import Cause, UpstreamFailure
from tests.support.clock import FakeClock
from tests.support.edge import FakeDns, guarded_http
from tests.support.served import served

INSIDE = [
    "127.0.0.1",
    "127.255.255.254",
    "0.0.0.0",  # noqa: S104
    "10.0.0.1",
    "100.64.0.1",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.1.1",
    "192.0.0.8",
    "192.0.2.1",
    "198.18.0.1",
    "203.0.113.9",
    "224.0.1.1",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::ffff:127.0.0.1",
    "::ffff:8.8.8.8",
    "::127.0.0.1",
    "64:ff9b::7f00:1",
    "2002:7f00:1::",
    "2001:0:1::1",
    "2001:db8::1",
    "fc00::1",
    "fd00:ec2::254",
    "fe80::1",
    "fec0::1",
    "ff02::1",
]


def refused(http, url: str) -> str:
    with pytest.raises(UpstreamFailure) as failure:
        http.request("GET", url, timeout=0.5)
    assert failure.value.cause is Cause.UPSTREAM_UNREACHABLE
    return failure.value.detail


@pytest.mark.parametrize(
    ("url", "word"),
    [
        ("https://127.1/", "host"),
        ("https://2130706433/", "host"),
        ("https://0x7f000001/", "host"),
        ("https://0x7f.0.0.1/", "host"),
        ("https://0177.0.0.1/", "host"),
        ("https://127.0.0.01/", "host"),
        ("https://1.2.3.4.5/", "host"),
        ("https://idp.0x1/", "host"),
        ("https://[::1%25lo]/", "host"),
        ("https://[127.0.0.1]/", "url"),
        ("https:///path", "host"),
        ("https://-x.example/", "host"),
        ("https://a..example/", "host"),
        ("https://" + "a" * 64 + ".example/", "host"),
        ("https://idp.example@10.0.0.1/", "userinfo"),
        ("https://user:password@idp.example/", "userinfo"),
        ("https://idp.example\\@10.0.0.1/", "url"),
        ("https://idp.example/\r\nHost: x", "url"),
        ("https://idp.example/ x", "url"),
        ("https://idp\u3002example/", "url"),
        ("https://①②⑦.0.0.1/", "url"),
        ("https://idp.example/#frag", "url"),
        ("https://[::1/", "url"),
        ("https://idp.example/" + "x" * 2048, "url"),
        ("https://idp.example:0/", "port"),
        ("https://idp.example:65536/", "port"),
        ("https://idp.example:4x3/", "port"),
        ("http://idp.example/", "scheme"),
        ("http://127.0.0.1/", "scheme"),
        ("file:///etc/passwd", "scheme"),
        ("ftp://idp.example/", "scheme"),
        ("gopher://127.0.0.1/", "scheme"),
        ("//idp.example/", "scheme"),
        ("", "url"),
    ],
)
def test_in01_url_is_refused_before_anything_is_looked_up(url, word):
    dns = FakeDns(idp_example=["8.8.8.8"])
    http = guarded_http(dns)
    assert refused(http, url) == word
    assert not http.is_safe_url(url) or word == "host"
    assert dns.asked == []


@pytest.mark.parametrize("address", INSIDE)
def test_in01_inside_address_is_refused(address):
    """Spelled in the URL, and behind a name."""
    literal = f"[{address}]" if ":" in address else address
    assert refused(guarded_http(), f"https://{literal}/") == "address"
    assert refused(guarded_http(FakeDns(idp_example=[address])), "https://idp.example/") == "address"
    assert refused(guarded_http(FakeDns(idp_example=["8.8.8.8", address])), "https://idp.example/") == "address"


def test_in01_address_with_a_zone_is_refused():
    assert refused(guarded_http(FakeDns(idp_example=["fe80::1%eth0"])), "https://idp.example/") == "address"


@pytest.mark.parametrize("port", [22, 25, 80, 3306, 6379, 8443])
def test_in01_public_address_on_another_port_is_refused(port):
    assert refused(guarded_http(FakeDns(idp_example=["8.8.8.8"])), f"https://idp.example:{port}/") == "port"


@pytest.mark.parametrize("address", ["8.8.8.8", "1.1.1.1", "172.32.0.1", "100.128.0.1", "2606:4700::1111", "2a00:1450::1"])
def test_in01_public_addresses_pass(address):
    assert is_public(parse_address(address))


def test_in01_loopback_http_is_for_loopback_only():
    http = guarded_http(FakeDns(localhost=["10.0.0.1"], idp_example=["127.0.0.1"]), loopback=True)
    assert refused(http, "http://10.0.0.1/") == "scheme"
    assert refused(http, "http://idp.example/") == "scheme"
    assert refused(http, "http://localhost/") == "address"
    assert refused(http, "https://127.0.0.1/") == "address"


def test_in01_listed_network_opens_nothing_else():
    http = guarded_http(networks=["10.1.0.0/16"])
    assert refused(http, "https://10.2.0.1/") == "address"
    assert refused(http, "https://[::ffff:10.1.0.1]/") == "address"
    assert refused(http, "http://10.1.0.1/") == "scheme"


def test_in01_name_that_changes_its_mind_is_judged_again(tmp_path):
    dns, clock = FakeDns(localhost=["127.0.0.1"]), FakeClock()
    http = guarded_http(dns, clock=clock, loopback=True)
    with served(Response("fine")) as port:
        assert http.request("GET", f"http://localhost:{port}/").status == 200
        dns.table["localhost"] = ["169.254.169.254"]
        clock.advance(seconds=31)
        assert refused(http, f"http://localhost:{port}/") == "address"


def test_in01_connection_goes_to_the_judged_address(monkeypatch):
    """The name is never given to the C library a second time."""
    looked_up = []
    real = socket.getaddrinfo

    def listening(host, *args, **more):
        looked_up.append(host)
        return real(host, *args, **more)

    with served(Response("fine")) as port:
        monkeypatch.setattr("socket.getaddrinfo", listening)
        dns = FakeDns(localhost=["127.0.0.1"])
        assert guarded_http(dns, loopback=True).request("GET", f"http://localhost:{port}/").status == 200
    assert dns.asked == ["localhost"]
    assert set(looked_up) == {"127.0.0.1"}


def test_in01_redirect_is_not_followed():
    hits = []

    def app(environ, start_response):
        hits.append(environ["PATH_INFO"])
        return Response(status=302, headers={"Location": "/secret"})(environ, start_response)

    with served(app) as port:
        with pytest.raises(UpstreamFailure) as failure:
            fetch_provider(f"http://127.0.0.1:{port}", guarded_http(loopback=True))
        assert failure.value.detail == "discovery_status"
    assert hits == ["/.well-known/openid-configuration"]
