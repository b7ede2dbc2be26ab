"""The real outside world: the system's clock, randomness and resolver, and the guarded HTTP client."""

import socket
import ssl
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as LookUpTimeout
from functools import cache
from importlib import import_module
from ipaddress import ip_network
from typing import TYPE_CHECKING

from broker.guarded_http import GuardedHttp
from broker.kept import Kept
from broker.mail.smtp import SmtpMailer
from broker.ports import Counters, Ports
from broker.settings import Settings
from broker.system import SystemClock, SystemRandomness

if TYPE_CHECKING:
    import dns.resolver

DNS_SECONDS = 2.0
DNS_THREADS = 32
MAX_TXT = 50
MAX_TXT_CHARACTERS = 500


class SystemDns:
    """The system's resolver, which knows no time limit of its own, in threads that may outlive the question."""

    def __init__(
        self, seconds: float = DNS_SECONDS, make_resolver: "Callable[[], dns.resolver.Resolver] | None" = None
    ) -> None:
        self._seconds = seconds
        self._make_resolver = make_resolver
        self._threads = ThreadPoolExecutor(DNS_THREADS, thread_name_prefix="dns")

    def resolve(self, host: str, port: int) -> list[str]:
        asked = self._threads.submit(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM)
        try:
            answers = asked.result(self._seconds)
        except LookUpTimeout:
            asked.cancel()
            raise OSError("the name server did not answer in time") from None
        except UnicodeError as fault:
            raise OSError(str(fault)) from None
        return list(dict.fromkeys(str(answer[4][0]) for answer in answers))

    def txt(self, name: str, *, timeout: float | None = None) -> list[str]:
        """From the name servers that the system names, read anew each time, and without its list of search domains."""
        import dns.exception  # noqa: PLC0415 - only processes wait for it that look for the proof of a domain
        import dns.resolver  # noqa: PLC0415 - as above

        resolver, lifetime = (self._make_resolver or dns.resolver.Resolver)(), timeout or 2 * self._seconds
        # One silent name server leaves time for the next.
        resolver.timeout = lifetime / 2
        try:
            found = resolver.resolve(f"{name}.", "TXT", search=False, lifetime=lifetime)
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
            return []
        except dns.exception.DNSException as fault:
            raise OSError(f"no name server answers: {type(fault).__name__}") from None
        texts = [b"".join(record.strings) for record in list(found)[:MAX_TXT]]
        return [text[:MAX_TXT_CHARACTERS].decode("utf-8", "replace") for text in texts]


def real_ports(settings: Settings) -> Ports:
    clock = SystemClock()
    kept = Kept(clock)
    dns = SystemDns()
    tls = _trust()
    http = GuardedHttp(
        dns,
        kept,
        tls,
        private_networks=[ip_network(network) for network in settings.private_networks],
        allow_loopback_http=settings.allow_loopback_http,
    )
    mailer = SmtpMailer(settings, tls) if settings.smtp_host else None
    counters = _redis_counters(settings.redis_url.get_secret_value())
    randomness = SystemRandomness()
    return Ports(clock=clock, randomness=randomness, dns=dns, http=http, kept=kept, mailer=mailer, counters=counters)


def _redis_counters(url: str) -> Counters | None:
    # By name: who does not use Redis need not wait for it at each start.
    return import_module("broker.redis_counters").RedisCounters(url) if url else None


@cache
def _trust() -> ssl.SSLContext:
    """What the system trusts; reading it takes long, and it is the same for all."""
    return ssl.create_default_context()
