"""The table of answers and the one handler."""

import re
from pathlib import Path

import pytest
from flask import abort
from jinja2 import DictLoader
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.routing import RequestRedirect

from broker import create_app
from broker.errors import ANSWERS
from broker.sentences import SENTENCES, VARIANTS
from tenants.audit import Event
from tenants.causes import BrokerError, Cause
from tests import factories
from tests.support import steps
from tests.support.stores import ON_SQLITE
from tests.support.wiring import ORIGIN, make_ports, make_settings
from tools.causes import PAGE, page

ROOT = Path(__file__).resolve().parents[2]
REFERENCE = re.compile(r"\b[2-9A-HJ-NP-Z]{4}-[2-9A-HJ-NP-Z]{4}\b")
FACTS = {"email": "eve@x.example", "domain": "x.example", "until": "10:00 UTC", "provider": "P", "application": "A",
         "organization": "O"}  # fmt: skip


class Raiser:
    """A place of the product at which a test lets anything happen."""

    def __init__(self) -> None:
        self.error: Exception | None = None

    def __call__(self):
        if isinstance(self.error, int):
            abort(self.error)
        raise self.error


@pytest.fixture(scope="module")
def raiser():
    return Raiser()


@pytest.fixture(scope="module")
def failing(database_url, clock, raiser):
    """The product with one more address, where `raiser` raises."""
    made = create_app(make_settings(database_url), ports=make_ports(clock))
    made.add_url_rule("/raise", "raise", raiser, subdomain="tenant")
    yield made
    made.extensions["broker"].db.dispose()


@pytest.fixture
def home(broker):
    return factories.tenant(broker)


def answered(failing, home, raiser, error):
    raiser.error = error
    return failing.test_client().get(f"{home.path}/raise", base_url=ORIGIN)


def sources(folder):
    return {path: path.read_text(encoding="utf-8") for path in (ROOT / folder).rglob("*.py")}


def test_table_and_sentences_cover_every_cause():
    assert set(ANSWERS) == set(Cause)
    assert set(SENTENCES) == set(Cause)
    assert {cause for cause, _ in VARIANTS} <= set(Cause)


@pytest.mark.parametrize("cause", Cause, ids=str)
def test_cause_has_a_raiser_and_a_test_that_names_it(cause):
    used = [path for path, text in {**sources("broker"), **sources("tenants")}.items() if f"Cause.{cause.name}" in text]
    table = {ROOT / "broker/errors.py", ROOT / "broker/sentences.py"}
    own = (ROOT / "broker/errors.py").read_text(encoding="utf-8").count(f"Cause.{cause.name}") > 1
    assert set(used) - table or own
    named = re.compile(rf"Cause\.{cause.name}\b|[\"']{cause.value}[\"']")
    assert [path for path, text in sources("tests").items() if named.search(text)]


@ON_SQLITE
@pytest.mark.parametrize("cause", Cause, ids=str)
def test_every_cause_has_a_page_with_reference_contacts_and_one_audit_row(failing, home, raiser, cause):
    answer = answered(failing, home, raiser, BrokerError(cause, "a private detail", **FACTS))
    assert answer.status_code == ANSWERS[cause].status
    assert REFERENCE.search(answer.text)
    assert f"help@{home.domain}" in answer.text
    assert "a private detail" not in answer.text
    assert "%(" not in answer.text
    found = steps.events(home)
    assert [event.cause for event in found] == ([cause.value] if ANSWERS[cause].event else [])
    assert all(event.reference == REFERENCE.search(answer.text)[0] for event in found)


@pytest.mark.parametrize(("cause", "fact"), VARIANTS, ids=str)
def test_every_variant_has_its_words(failing, home, raiser, cause, fact):
    usual = answered(failing, home, raiser, BrokerError(cause, **FACTS)).text
    answer = answered(failing, home, raiser, BrokerError(cause, fact=fact, **FACTS))
    assert "%(" not in answer.text
    assert REFERENCE.sub("", answer.text) != REFERENCE.sub("", usual)


DATABASE = OperationalError("SELECT private", {"password": "a private value"}, Exception("gone"))


@pytest.mark.parametrize(
    ("error", "status", "event"),
    [
        (DATABASE, 503, None),
        (PoolTimeout("no connection left"), 503, None),
        (IntegrityError("INSERT private", {}, Exception("twice")), 500, Event.BROKEN),
        (ZeroDivisionError("a private detail"), 500, Event.BROKEN),
        (KeyError("x"), 500, Event.BROKEN),
        (404, 404, None),
        (405, 405, None),
        (413, 413, None),
        (415, 400, Event.ACCESS_REFUSED),
        (418, 400, Event.ACCESS_REFUSED),
        (431, 413, None),
    ],
    ids=str,
)
def test_whatever_is_raised_is_answered_from_the_list(failing, home, raiser, error, status, event):
    answer = answered(failing, home, raiser, error)
    assert answer.status_code == status
    assert REFERENCE.search(answer.text)
    assert not re.search("Traceback|private|Error", answer.text)
    assert [found.event for found in steps.events(home)] == ([event] if event else [])


def test_method_not_allowed_says_which_are(client, home):
    answer = client.get(f"{home.path}/sign-out", base_url=ORIGIN)
    assert answer.status_code == 405
    assert answer.headers["Allow"] == "OPTIONS, POST"


def test_redirect_of_a_library_stays_one(failing, home, raiser):
    assert answered(failing, home, raiser, RequestRedirect("/elsewhere")).status_code == 308


@pytest.mark.parametrize("path", ["/sign-in/again", "/nowhere"])
def test_page_that_can_not_be_made_still_gives_a_reference(database_url, clock, path):
    broken = create_app(make_settings(database_url), ports=make_ports(clock))
    home = factories.tenant(broken.extensions["broker"])
    broken.jinja_loader = DictLoader({})
    broken.jinja_env.loader = DictLoader({})
    answer = broken.test_client().get(f"{home.path}{path}", base_url=ORIGIN, follow_redirects=True)
    broken.extensions["broker"].db.dispose()
    assert (answer.status_code, answer.mimetype) == (500, "text/plain")
    assert REFERENCE.search(answer.text)


def test_documentation_is_what_the_tables_say():
    assert PAGE.read_text(encoding="utf-8") == page()
