"""`python -m bench.saml [SAMPLES]`: a SAML response through the whole product, beside python3-saml's bare judgement.

Both take the same responses, in turn, in this process; what is counted is CPU time. Ours is the whole request: finding the
attempt, verifying, the marks in the database (SQLite, synced), the session. The library's is `process_response` alone,
with its settings kept. The target of performance.md: 0.7 signed, 0.3 encrypted; then 1.5 and 1.0.
"""

import base64
import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from flask import Flask
from onelogin.saml2.auth import OneLogin_Saml2_Auth
from onelogin.saml2.settings import OneLogin_Saml2_Settings
from werkzeug.test import EnvironBuilder
from werkzeug.wrappers import Request

from broker import create_app
from broker.system import SystemClock
from tenants.keys import place_of_private
from tenants.signing import SAML, rsa_private_key
from tests import factories
from tests.browser import Browser
from tests.factories import Home
from tests.peers.people import Person
from tests.peers.saml import FakeProvider, SamlPeer
from tests.support import steps
from tests.support.clock import FakeClock
from tests.support.wiring import make_ports, make_settings

ORIGIN = "https://login.example"
SESSION = 303
_WARM_UP = 10


@dataclass(frozen=True)
class Sample:
    """One response on its way: what the browser posts, what it was asked, and what asking cost (CPU seconds)."""

    url: str
    form: dict[str, str]
    request_id: str
    browser: Browser
    post: Request
    """The browser's post, already encoded: that is its own work."""
    start: float


def main(samples: int) -> int:
    """Prints a line for each sort of response."""
    with tempfile.TemporaryDirectory() as folder:
        clock = FakeClock(SystemClock().now())
        url = f"sqlite:///{Path(folder) / 'saml.db'}"
        app = create_app(make_settings(url, base_url=ORIGIN, log_level="error"), ports=make_ports(clock))
        home, way = stage(app, clock)
        print(f"{'response':26} {'start ms':>9} {'ACS ms':>8} {'library ms':>11} {'library ÷ ACS':>14}")
        for name, knobs in SORTS.items():
            knobs(way.idp)
            began, ours, theirs = compared(app, home, way, samples)
            print(f"{name:26} {began * 1000:9.2f} {ours * 1000:8.2f} {theirs * 1000:11.2f} {theirs / ours:14.2f}")
        app.extensions["broker"].db.dispose()
    return 0


SORTS: dict[str, Callable[[FakeProvider], Any]] = {
    "signed assertion": lambda idp: idp.signs_parts("Assertion"),
    "signed response": lambda idp: idp.signs_parts("Response"),
    "signed and encrypted": lambda idp: idp.signs_parts("Assertion").encrypts(),
}


def stage(app: Flask, clock: FakeClock) -> tuple[Home, steps.Way]:
    """A tenant with one SAML connection, and a person who was here before."""
    home = factories.tenant(app.extensions["broker"], local_enabled=False, sign_in_page="email_first")
    way = steps.saml_way(home, SamlPeer("https://saml.example", clock))
    steps.listed(home, way=way, proven=True)
    way.idp.person = Person(f"jane@{home.domain}", "Jane", "Doe")
    way.idp.learns(Browser(app, ORIGIN).open(f"{home.path}/saml/{way.key}/metadata").response.data)
    return home, way


def compared(app: Flask, home: Home, way: steps.Way, samples: int) -> tuple[float, float, float]:
    """CPU seconds of our start, of our response, and of the library's judgement of it: the median of each."""
    settings = library_settings(home, way)
    starts, ours, theirs = [], [], []
    for number, sample in enumerate(on_their_way(app, home, way, samples + _WARM_UP)):
        library = timed(lambda sample=sample: judge(settings, sample))
        product = timed(lambda sample=sample: take(sample))
        if number >= _WARM_UP:
            starts.append(sample.start)
            ours.append(product)
            theirs.append(library)
    return median(starts), median(ours), median(theirs)


def on_their_way(app: Flask, home: Home, way: steps.Way, count: int) -> Iterator[Sample]:
    for _ in range(count):
        browser = Browser(app, ORIGIN)
        browser.open(f"{home.path}/sign-in/again")
        tx = steps.tx_of(browser)
        begun = timed(lambda browser=browser, tx=tx: browser.open(f"{home.path}/sign-in/go/{way.key}?tx={tx}"))
        if browser.foreign is None:
            raise SystemExit(f"the way to the provider was wanted; it was {browser}")
        url, form = way.idp.answer(browser.foreign)
        browser.foreign = None
        post = EnvironBuilder(url.removeprefix(ORIGIN), ORIGIN, method="POST", data=form).get_request()
        yield Sample(url, form, way.idp.seen[-1].id, browser, post, begun)


def take(sample: Sample) -> None:
    """Our side, one request."""
    answer = sample.browser.client.open(sample.post)
    if answer.status_code != SESSION:
        raise SystemExit(f"a session was wanted; it was {answer.status}")


def judge(settings: OneLogin_Saml2_Settings, sample: Sample) -> None:
    """The library's side."""
    parts = urlsplit(sample.url)
    request = {
        "https": "on",
        "http_host": parts.netloc,
        "script_name": parts.path,
        "get_data": {},
        "post_data": sample.form,
    }
    judged = OneLogin_Saml2_Auth(request, settings)
    judged.process_response(sample.request_id)
    if not judged.is_authenticated():
        raise SystemExit(f"the library says: {judged.get_last_error_reason()}")


def library_settings(home: Home, way: steps.Way) -> OneLogin_Saml2_Settings:
    tenant = home.broker.snapshots.find_by_slug(home.slug)
    key = next(one for one in tenant.keys if one.algorithm == SAML)
    jwk = json.loads(home.broker.vault.open(key.private_sealed, place_of_private(home.id, key.kid)))
    pem = rsa_private_key(jwk).private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    here = f"{home.url}/saml/{way.key}"
    return OneLogin_Saml2_Settings(
        {
            "strict": True,
            "sp": {
                "entityId": f"{here}/metadata",
                "assertionConsumerService": {"url": f"{here}/acs"},
                "x509cert": base64.b64encode(way.idp.sp_certificate().public_bytes(Encoding.DER)).decode(),
                "privateKey": pem.decode(),
            },
            "idp": {
                "entityId": way.idp.entity_id,
                "singleSignOnService": {"url": way.idp.sso},
                "x509cert": way.idp.keys[0].base64,
            },
            "security": {"rejectDeprecatedAlgorithm": True},
        }
    )


def timed(step: Callable[[], object]) -> float:
    start = time.process_time()
    step()
    return time.process_time() - start


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 100))
