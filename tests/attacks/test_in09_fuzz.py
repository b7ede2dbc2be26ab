"""IN-09: whatever is sent to whichever address, the answer is one of ours."""

import json
import os
import random
import re
import string
from html import unescape
from itertools import cycle

import pytest
from structlog.testing import capture_logs

from broker.sentences import SENTENCES, VARIANTS
from tests import factories
from tests.support.relying_party import RelyingParty
from tests.support.routes import NAMES, everything, of_nobody, places, send, tx_of
from tests.support.stores import ON_POSTGRESQL

ODD = ["x", "%00", "..", "%ff"]
PARTS = {"token": ["x", "%00", "a" * 3000, "%ff"], "connection": ODD, "application": ODD, "name": ["look.css", "%00", ".."]}
REFERENCE = re.compile(r"\b[2-9A-HJ-NP-Z]{4}-[2-9A-HJ-NP-Z]{4}\b")
VALUES = (
    "", " ", "\x00", "a\x00b", "\r\nX-Evil: 1", "‮", "💥" * 50, "\ud800".encode("utf-8", "surrogatepass"), b"\xff\xfe",
    "a" * 9000, "-1", "99999999999999999999999999", "1e999", "NaN", "null", "[]", "{}", '{"id_token": {"acr": 1}}',
    "[" * 5000, "<script>alert(1)</script>", "'\" OR 1=1 --", "%s%n{0.__class__}{{7*7}}", "../../etc/passwd", "x@x.example",
    "openid", "code", "none", "S256", "authorization_code", "refresh_token", "query", "login none", "٣", "a.b.c", "e30.e30.e30",
)  # fmt: skip
CONTENT_TYPES = ("application/x-www-form-urlencoded", "application/json", "multipart/form-data; boundary=x",
                 "multipart/form-data", "text/plain; charset=nonsense", "application/x-www-form-urlencoded; charset=utf-16",
                 "", "\xff")  # fmt: skip
FUZZED = int(os.environ.get("FUZZED", "500"))
"""Each time on both databases; `FUZZED=100000` for the whole of IN-09."""


@pytest.fixture
def home(broker):
    return factories.tenant(broker)


def encoded(chance, pairs):
    """As forms encode, as nobody does, or broken."""

    def one(value):
        data = value if isinstance(value, bytes) else value.encode("utf-8", "surrogatepass")
        if chance.random() < 0.2:
            return data.replace(b"&", b"")
        return b"".join(b"%%%02X" % byte for byte in data)

    return b"&".join(one(name) + b"=" + one(value) for name, value in pairs)


def is_answer_of_ours(answer):
    """A page with a known heading and a reference, JSON with an OAuth code, a redirect, or a page that is no error."""
    body = unescape(answer.get_data(as_text=True))
    if answer.status_code < 400 or answer.headers.get("Allow") or not body:
        return True
    if answer.mimetype == "application/json":
        return bool(json.loads(body)["error"])
    headings = {str(heading).partition("%(")[0][:12] for heading, _ in (*SENTENCES.values(), *VARIANTS.values())}
    known = any(heading and heading in body for heading in headings)
    return (known and bool(REFERENCE.search(body))) or '<form class="' in body


@ON_POSTGRESQL
def test_in09_fuzzed_requests_never_break_anything(app, home, client):
    """Seeded: every route and method, odd names, values, bodies, types and headers, with a session and without."""
    chance = random.Random(20260302)  # noqa: S311 - repeatable on purpose
    party = RelyingParty.of(app, home).signed_in()
    cookie = f"{home.slug}-sid={party.session.secret}; {home.slug}-tx=x"
    walked = list(places(app, of_nobody(app) | PARTS))
    tx = tx_of(client, home)
    values = [*VALUES, tx, party.application.client_id, party.application.redirect_uris[0]]
    wrong = []
    with capture_logs() as logs:
        for _ in range(FUZZED):
            place = chance.choice(walked)
            method = chance.choice((place.method, place.method, "POST", "HEAD", "OPTIONS", "PUT", "DELETE", "PATCH", "TRACE"))
            pairs = [(chance.choice(NAMES), chance.choice(values)) for _ in range(chance.randint(0, 8))]
            text = encoded(chance, pairs)
            headers = [("Cookie", cookie)] if chance.random() < 0.5 else []
            if chance.random() < 0.2:
                odd = "".join(chance.choice(string.printable.replace("\n", "").replace("\r", "")) for _ in range(20))
                name = chance.choice(("Authorization", "User-Agent", "Accept-Language", "Origin", "Cookie", "If-None-Match"))
                headers.append((name, chance.choice(("Bearer ", "Basic ", "")) + odd))
            path = (home.path if place.is_tenants else "") + unquoted(place.path)
            answer = send(app, method, path, query=text if chance.random() < 0.6 else b"", body=text,
                          headers=headers, content_type=chance.choice(CONTENT_TYPES))  # fmt: skip
            if answer.status_code >= 500 or "Traceback" in everything(answer) or not is_answer_of_ours(answer):
                wrong.append((method, path, text[:200], headers, answer.status))
    broken = [line for line in logs if line["event"] in {"broken", "audit_failed"}]
    assert wrong == []
    assert broken == []


NO_TEXT = (b"tx=\xff", b"\xed\xa0\x80=1", b"tx=%ff&\xc3(", b"tx=\x80%", b"=&&=\xfe")


@ON_POSTGRESQL
def test_in09_bytes_that_no_address_has_are_answered_everywhere(app, home):
    """They are read before anything knows the place: each place gets one of them."""
    for place, query in zip(places(app, of_nobody(app)), cycle(NO_TEXT), strict=False):
        answer = send(app, place.method, (home.path if place.is_tenants else "") + place.path, query=query)
        assert answer.status_code < 500, (place, query)
        assert is_answer_of_ours(answer), (place, query)


def unquoted(path):
    """As a server hands it on: percent escapes become the characters of their bytes."""
    return re.sub("%([0-9a-f]{2})", lambda match: chr(int(match[1], 16)), path)
