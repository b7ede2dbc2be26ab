"""`make demo` as a person has it: started, walked through both ways in, ended."""

import re
import signal
from pathlib import Path
from threading import Event

import pytest

from broker.demo.people import DIRECTORY_PEOPLE, LOCAL_PEOPLE, DirectoryPerson, LocalPerson
from tests.browser import Browser
from tests.support.demo import RunningDemo

PEOPLE = {person.given_name: person for person in DIRECTORY_PEOPLE}
JANE = PEOPLE["Jane"]
MIA, TOM = (person for person in LOCAL_PEOPLE if person.tenant == "lumen")


def sign_in_at_entra(demo: RunningDemo, browser: Browser, person: DirectoryPerson = JANE, switch: str = "normal") -> None:
    """From Travel Expenses by Acme's address-first page to the simulated Entra, and wherever that leads."""
    browser.open(demo.places.travel).submit(press="Sign in with Acme Group")
    browser.submit(email=JANE.email, press="Continue")
    arrive(browser)
    assert browser.url.startswith(f"{demo.places.entra}/")
    browser.submit(press=person.id, switch=switch)
    arrive(browser)


def sign_in_with_password(demo: RunningDemo, browser: Browser, person: LocalPerson) -> None:
    browser.open(demo.places.desk).submit(press="Sign in with Lumen Studio")
    browser.submit(email=person.email)
    browser.submit(password=person.password)
    browser.submit(code=current_code(demo, person.email))
    arrive(browser)


def current_code(demo: RunningDemo, email: str) -> str:
    """As a person reads it from the start page."""
    words = demo.browser().open(demo.places.helper).words
    found = re.search(rf"{re.escape(email)}.*? (\d\d\d \d\d\d)", words)
    assert found, words
    return found[1]


def arrive(browser: Browser) -> None:
    """Let the pages that only hand over do so."""
    while browser.page.refresh:
        browser.wait()


def spoil(database: Path) -> None:
    database.parent.mkdir()
    database.write_text("no SQLite file" * 100)


def test_table_says_what_to_open(demo: RunningDemo) -> None:
    for address in (demo.places.helper, demo.places.travel, demo.places.desk, demo.places.entra):
        assert address in demo.shown
    assert f"{demo.places.tenant('lumen')}/sign-in" in demo.shown


def test_person_of_acme_gets_to_the_application_by_entra_and_out_again(demo: RunningDemo) -> None:
    browser = demo.browser()
    sign_in_at_entra(demo, browser)
    assert browser.url == f"{demo.places.travel}/"
    assert "Jane Doe" in browser.words
    assert f"iss {demo.places.tenant('acme')}" in browser.words
    assert f"email {JANE.email}" in browser.words
    assert "email_verified True" in browser.words

    browser.submit(press="Refresh")
    assert "refreshed 1 ×" in browser.words
    browser.follow("Sign in again with the same session")
    arrive(browser)
    assert browser.url == f"{demo.places.travel}/"

    browser.open(demo.places.desk).submit(press="Sign in with Acme Group")
    arrive(browser)
    assert browser.url == f"{demo.places.desk}/"
    assert "Jane Doe" in browser.words

    browser.open(demo.places.travel).submit(press="Sign out")
    arrive(browser)
    assert browser.path == "/signed-out"
    assert browser.url.startswith(demo.places.travel)
    browser.open(demo.places.travel).submit(press="Sign in with Acme Group")
    assert browser.at.startswith("/t/acme/sign-in")


def test_saml_application_is_entered_both_ways_and_signs_out_both_ways(demo: RunningDemo) -> None:
    browser, shifts, portal = demo.browser(), demo.places.shifts, f"{demo.places.tenant('acme')}/"
    sign_in_at_entra(demo, browser)
    browser.open(shifts).submit(press="Sign in with Acme Group")
    browser.submit(press="Continue to Shift Planner")
    assert browser.url == f"{shifts}/"
    for words in ("Jane Doe", f"mail {JANE.email}", "groups", "How it began The application asked"):
        assert words in browser.words
    browser.submit(press="Sign out")
    arrive(browser)
    assert (browser.path, "You’re signed out" in browser.words) == ("/signed-out", True)
    assert browser.open(portal).path == "/t/acme/sign-in"

    sign_in_at_entra(demo, browser)
    browser.open(portal).follow("Shift Planner").submit(press="Continue to Shift Planner")
    assert "How it began From the organization’s page of applications" in browser.words
    assert browser.open(f"{shifts}/sign-in/acme?ask=always").at.startswith("/t/acme/sign-in")
    browser.open(portal).submit(press="Sign out")
    arrive(browser)
    assert "Shift Planner Signed out" in browser.words
    assert "Welcome to Shift Planner" in browser.open(shifts).words
    browser.open(f"{shifts}/sign-in/acme?ask=never").submit(press="Continue to Shift Planner")
    assert (browser.status, "NoPassive" in browser.words) == (400, True)


def test_application_of_another_company_asks_first(demo: RunningDemo) -> None:
    browser = demo.browser()
    sign_in_at_entra(demo, browser)
    browser.open(demo.places.kudos).submit(press="Sign in with Acme Group")
    assert "Let Kudos Wall know who you are?" in browser.words
    browser.submit(press="Agree and continue")
    arrive(browser)
    assert browser.url == f"{demo.places.kudos}/"
    assert f"email {JANE.email}" in browser.words


def test_person_of_lumen_gets_in_with_password_and_code(demo: RunningDemo) -> None:
    browser = demo.browser()
    sign_in_with_password(demo, browser, MIA)
    assert browser.url == f"{demo.places.desk}/"
    assert "Mia Lindqvist" in browser.words
    assert f"iss {demo.places.tenant('lumen')}" in browser.words
    assert "groups Editors" in browser.words


@pytest.mark.parametrize(
    ("person", "switch", "heading"),
    [
        ("Jane", "refuse", "Microsoft didn’t let you in"),
        ("Jane", "no_consent", "Microsoft needs an approval first"),
        ("Jane", "wrong_directory", "That account belongs to another organization"),
        ("Jane", "no_answer", "Microsoft doesn’t answer"),
        ("Per", "normal", "This e-mail domain isn’t on the list"),
        ("Gil", "normal", "You’re a guest in that directory"),
    ],
)
def test_whoever_is_refused_reads_why_at_the_broker(demo: RunningDemo, person: str, switch: str, heading: str) -> None:
    browser = demo.browser()
    sign_in_at_entra(demo, browser, PEOPLE[person], switch)
    assert browser.at.startswith("/t/acme/callback/entra?")
    assert heading in browser.words


def test_person_finds_their_organization_by_a_mail(demo: RunningDemo) -> None:
    browser = demo.browser().open(demo.places.broker).submit(email=MIA.email)
    assert "Check your mailbox" in browser.words
    mail = demo.browser()
    for _ in range(200):
        if MIA.email in mail.open(demo.places.mailbox).words:
            break
        Event().wait(0.1)
    mail.follow("Where you sign in")
    assert f"Lumen Studio {demo.places.tenant('lumen')}/sign-in?login_hint={MIA.email}" in mail.words
    mail.follow("On a page of its own").follow("Sign in")
    assert mail.page.forms[0].fields["email"].value == MIA.email
    assert "sandbox" in demo.browser().open(f"{demo.places.mailbox}/mail/1/html").response.headers["Content-Security-Policy"]


def test_application_that_must_not_ask_is_told_so(demo: RunningDemo) -> None:
    browser = demo.browser().open(f"{demo.places.travel}/sign-in/acme?prompt=none")
    assert browser.url.startswith(demo.places.travel)
    assert "login_required" in browser.words


def test_second_start_has_kept_everything(demo: RunningDemo) -> None:
    sign_in_with_password(demo, browser := demo.browser(), TOM)
    subject = re.search(r"sub (acc_\w+)", browser.words)
    assert subject
    assert demo.end(signal.SIGINT, whole_group=True) == 0
    assert demo.processes() == []
    assert "Traceback" not in demo.shown
    demo.start()
    browser.open(demo.places.desk).submit(press="Sign in with Lumen Studio")
    arrive(browser)
    assert f"sub {subject[1]}" in browser.words


def test_second_demo_needs_ports_of_its_own(demo: RunningDemo, tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match=f"Port {demo.places.port} is in use by another program, try PORT="):
        RunningDemo(tmp_path, demo.places.port).start()


def test_demo_that_is_told_to_end_before_it_is_there_ends(tmp_path: Path) -> None:
    """As a supervisor tells it: the parent alone."""
    early = RunningDemo(tmp_path)
    early.start(until="Starting")
    assert early.end(signal.SIGTERM) == 0
    assert early.processes() == []
    assert "Ctrl-C ends it" not in early.shown


def test_broker_that_cannot_start_is_named_with_its_reason(tmp_path: Path) -> None:
    broken = RunningDemo(tmp_path)
    spoil(broken.places.database)
    with pytest.raises(AssertionError, match=r"not a database[\s\S]*The broker ended; its whole log is "):
        broken.start()
