"""Addresses that an application may send people to: which forms can be registered at all (security.md, OD-02)."""

import re
from urllib.parse import SplitResult, urlsplit

MAX_LENGTH = 1000
LOOPBACK_HOSTS = frozenset({"localhost", "127.0.0.1", "::1"})

_CHARACTERS = re.compile(r"[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=%]+")
_HOST = re.compile(r"(?!-)[A-Za-z0-9_-]{1,63}(\.[A-Za-z0-9_-]{1,63})*|[0-9A-Fa-f:.]+")


def check_return_address(text: str) -> str:
    """The address itself, where people may be sent back to it with an answer. Raises ValueError with a sentence.

    RFC 6749, 3.1.2 (absolute, no fragment) and RFC 9700, 2.1 (compared character by character, so nothing to expand);
    RFC 8252, 7.3 for http on loopback.
    """
    _check_form(text)
    if "#" in text:
        raise ValueError("must have no fragment (#…).")
    return text


def check_launch_address(text: str) -> str:
    """The address itself, where a tile may lead to it. Raises ValueError with a sentence."""
    _check_form(text)
    return text


def check_origin(text: str) -> str:
    """The origin itself (RFC 6454), as browsers send it. Raises ValueError with a sentence."""
    _check_form(text)
    parts = urlsplit(text)
    if text != f"{parts.scheme}://{parts.netloc}" or text != text.lower():
        raise ValueError("must be an origin such as https://app.example: small letters, no path, no slash at its end.")
    return text


def _check_form(text: str) -> None:
    if len(text) > MAX_LENGTH:
        raise ValueError(f"must have at most {MAX_LENGTH} characters.")
    if "*" in text:
        raise ValueError("must be written out; there are no wildcards.")
    if not _CHARACTERS.fullmatch(text):
        raise ValueError("must have only the characters of a URL: no spaces, no invisible ones, others as %XX.")
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise ValueError("is not a URL such as https://app.example/callback.") from None
    _check_parts(parts, port)


def _check_parts(parts: SplitResult, port: int | None) -> None:
    host = parts.hostname or ""
    if parts.scheme not in {"https", "http"}:
        raise ValueError("must begin with https:// (or http:// on loopback).")
    if not _HOST.fullmatch(host) or port == 0:
        raise ValueError("is not a URL such as https://app.example/callback.")
    if "@" in parts.netloc:
        raise ValueError("must have no user name or password before the host.")
    if parts.scheme == "http" and host not in LOOPBACK_HOSTS:
        raise ValueError("must begin with https://; http:// is for localhost, 127.0.0.1 and [::1] only.")
