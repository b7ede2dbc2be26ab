"""The one way out by HTTP: https to public addresses that were checked before the connection was made (IN-01).

The name is looked up once, every address of the answer is judged, and the connection goes to a judged address with the
name in Host, SNI and certificate check: a resolver that changes its mind (rebinding) changes nothing. Redirects are
handed back, never followed; no proxy is taken from the environment; connections are pooled by address and name.
"""

import ssl
import time
from base64 import b64encode
from collections.abc import Mapping, Sequence
from datetime import timedelta
from http.client import HTTPException
from json import dumps
from typing import Any
from urllib.parse import urlencode

import urllib3
from urllib3.exceptions import ConnectTimeoutError, HTTPError, NewConnectionError

from broker.addresses import Address, Network, Target, is_loopback, is_public, parse_address, parse_target
from broker.bulkhead import Bulkhead
from broker.deadline import PatientHTTPConnectionPool, PatientHTTPSConnectionPool
from broker.kept import Kept
from broker.ports import Dns, HttpReply
from tenants.causes import Cause, UpstreamFailure

ADDRESSES_KEPT = timedelta(seconds=30)
MAX_ADDRESSES = 3
PUBLIC_PORT = 443
CONNECT_SECONDS = 2.0
MAX_POOLS = 200
CONNECTIONS_PER_POOL = 8
CHUNK = 16_384


class GuardedHttp:
    """Public addresses are reached on port 443; `private_networks`, the operator's choice, by https on any port.

    `allow_loopback_http` lets plain http to loopback addresses pass, on any port: for the demo and tests.
    `tls` is made once and handed in: loading the roots takes about 24 ms.
    """

    def __init__(
        self,
        dns: Dns,
        kept: Kept,
        tls: ssl.SSLContext,
        *,
        private_networks: Sequence[Network] = (),
        allow_loopback_http: bool = False,
    ) -> None:
        self._dns = dns
        self._kept = kept
        self._private_networks = tuple(private_networks)
        self._allow_loopback_http = allow_loopback_http
        self._bulkhead = Bulkhead()
        self._pools = urllib3.PoolManager(MAX_POOLS, maxsize=CONNECTIONS_PER_POOL, ssl_context=tls)
        self._pools.pool_classes_by_scheme = {
            "http": PatientHTTPConnectionPool,
            "https": PatientHTTPSConnectionPool,
        }

    def is_safe_url(self, url: str) -> bool:
        try:
            target = parse_target(url)
        except ValueError:
            return False
        return target.scheme == "https" or self._is_loopback_http(target)

    def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        form: Mapping[str, str] | None = None,
        json: Mapping[str, object] | None = None,
        xml: bytes | None = None,
        auth: tuple[str, str] | None = None,
        max_bytes: int = 1_000_000,
        timeout: float = 5.0,
    ) -> HttpReply:
        ends_at = time.monotonic() + timeout
        try:
            target = self._permitted(url)
        except ValueError as fault:
            raise _unreachable(str(fault)) from None
        addresses = self._addresses(target)
        sent, body = _headers_and_body(target, headers, form, json, xml, auth)
        with self._bulkhead.entered(f"{target.host}:{target.port}"):
            return self._exchange(method, target, addresses, sent, body, max_bytes, ends_at)

    def _permitted(self, url: str) -> Target:
        target = parse_target(url)
        if target.scheme != "https" and not self._is_loopback_http(target):
            raise ValueError("scheme")
        return target

    def _is_loopback_http(self, target: Target) -> bool:
        if target.scheme != "http" or not self._allow_loopback_http:
            return False
        return target.is_loopback

    def _addresses(self, target: Target) -> list[str]:
        """Judged addresses to try. One bad address spoils the name: nobody honest publishes both sorts."""
        if target.literal is not None:
            addresses: list[Address] = [target.literal]
        else:
            key = ("dns", target.host, target.port)
            addresses = self._kept.get(key, lambda: self._look_up(target), ttl=ADDRESSES_KEPT)
        for address in addresses:
            self._judge(address, target)
        return [str(address) for address in addresses[:MAX_ADDRESSES]]

    def _look_up(self, target: Target) -> list[Address]:
        try:
            addresses = [parse_address(text) for text in self._dns.resolve(target.host, target.port)]
        except ValueError:
            raise _unreachable("address", host=target.host) from None
        except OSError:
            raise _unreachable("dns", host=target.host) from None
        if not addresses:
            raise _unreachable("dns", host=target.host)
        return addresses

    def _judge(self, address: Address, target: Target) -> None:
        if target.scheme == "http" and is_loopback(address):
            return
        if target.scheme == "https" and any(address in network for network in self._private_networks):
            return
        if target.scheme == "http" or not is_public(address):
            raise _unreachable("address", host=target.host)
        if target.port != PUBLIC_PORT:
            raise _unreachable("port", host=target.host)

    def _exchange(
        self,
        method: str,
        target: Target,
        addresses: Sequence[str],
        headers: Mapping[str, str],
        body: bytes | None,
        max_bytes: int,
        ends_at: float,
    ) -> HttpReply:
        """Tries the addresses in turn until one takes the connection; once anything was sent there is no second try."""
        refusal: Exception | None = None
        for address in addresses:
            try:
                response = self._pool(target, address).urlopen(
                    method,
                    target.request_target,
                    body=body,
                    headers=dict(headers),
                    timeout=_timeout(ends_at, last=address == addresses[-1]),
                    retries=False,
                    redirect=False,
                    preload_content=False,
                    decode_content=False,
                )
            except (NewConnectionError, ConnectTimeoutError) as fault:
                refusal = fault
                continue
            except (HTTPError, HTTPException, OSError, ValueError) as fault:
                raise _unreachable(_word(fault), host=target.host) from fault
            return _read(response, target, max_bytes)
        raise _unreachable("connect", host=target.host) from refusal

    def _pool(self, target: Target, address: str) -> urllib3.HTTPConnectionPool:
        # Not `assert_hostname`: it would switch off the check of the name in the shared context.
        named = {"server_hostname": target.host} if target.scheme == "https" else {}
        host = f"[{address}]" if ":" in address else address
        return self._pools.connection_from_host(host, target.port, target.scheme, pool_kwargs=named)


def _timeout(ends_at: float, *, last: bool) -> urllib3.Timeout:
    remaining = max(0.001, ends_at - time.monotonic())
    return urllib3.Timeout(total=remaining, connect=remaining if last else min(CONNECT_SECONDS, remaining))


def _headers_and_body(
    target: Target,
    headers: Mapping[str, str] | None,
    form: Mapping[str, str] | None,
    json: Mapping[str, object] | None,
    xml: bytes | None,
    auth: tuple[str, str] | None,
) -> tuple[dict[str, str], bytes | None]:
    sent = {
        "Host": target.host_header,
        # A packed body could be a thousand times its size: none is asked for, and none is unpacked.
        "Accept-Encoding": "identity",
        "User-Agent": "sso-broker",
        **(headers or {}),
    }
    if auth is not None:
        sent["Authorization"] = "Basic " + b64encode(f"{auth[0]}:{auth[1]}".encode()).decode()
    if json is not None:
        sent["Content-Type"] = "application/json"
        return sent, dumps(json).encode()
    if xml is not None:
        sent["Content-Type"] = "text/xml; charset=utf-8"
        return sent, xml
    if form is None:
        return sent, None
    sent["Content-Type"] = "application/x-www-form-urlencoded"
    return sent, urlencode(form).encode()


def _read(response: Any, target: Target, max_bytes: int) -> HttpReply:
    """The whole body, or a failure and a closed connection."""
    try:
        if response.headers.get("Content-Encoding", "identity").lower() != "identity":
            raise _unreachable("encoding", host=target.host)
        body = bytearray()
        for chunk in response.stream(CHUNK, decode_content=False):
            body += chunk
            if len(body) > max_bytes:
                raise _unreachable("size", host=target.host)
    except (HTTPError, HTTPException, OSError, ValueError) as fault:
        response.close()
        raise _unreachable(_word(fault), host=target.host) from fault
    except UpstreamFailure:
        response.close()
        raise
    finally:
        response.release_conn()
    return HttpReply(response.status, {name.lower(): value for name, value in response.headers.items()}, bytes(body))


def _word(fault: Exception) -> str:
    """How a failed exchange is called in the admin's detail."""
    causes = (fault, fault.__cause__, getattr(fault, "reason", None))
    if any(isinstance(cause, (TimeoutError, urllib3.exceptions.TimeoutError)) for cause in causes):
        return "timeout"
    if any(isinstance(cause, (ssl.SSLError, urllib3.exceptions.SSLError)) for cause in causes):
        return "tls"
    return "exchange"


def _unreachable(word: str, **facts: object) -> UpstreamFailure:
    return UpstreamFailure(Cause.UPSTREAM_UNREACHABLE, word, **facts)
