"""People in the console, as an admin works with them: found, added, changed, ended, in one go and one by one."""

import io
from datetime import timedelta

import openpyxl
import pytest
from sqlalchemy import select

from broker.people_jobs import BulkRounds
from tenants.accounts import Account
from tenants.audit import Event
from tenants.credentials import Credential
from tenants.identities import Identity
from tenants.organizations import Organization
from tenants.outbox import OutboxMail
from tenants.sessions import BrowserSession
from tests import factories
from tests.browser import Browser
from tests.support import rows, steps
from tests.support.console import console_places, send
from tests.support.rows import stored
from tests.support.wiring import ORIGIN


@pytest.fixture
def home(broker):
    return factories.tenant(broker)


def come_in(app, home, role="owner", **values):
    """A browser of an admin who has just signed in."""
    boss = factories.account(home, role=role, name="Boss Person", last_login_at=home.now, **values)
    proofs = [{"method": "pwd", "at": home.now.isoformat()}, {"method": "otp", "at": home.now.isoformat()}]
    browser = Browser(app)
    browser.client.set_cookie(**factories.cookie_of(home, factories.session(home, boss, proofs=proofs)))
    return browser, boss


def at(home, path):
    return f"{home.path}/console{path}"


def account_of(home, email):
    with home.db.reading() as db:
        return db.scalars(select(Account).where(Account.email == email)).first()


def posted(browser, home, path, **form):
    """What somebody sends who goes round the pages."""
    token = browser.open(at(home, "/users/new")).page.forms[-1].fields["csrf_token"].value
    return browser.client.post(at(home, path), base_url=ORIGIN, data={"csrf_token": token, **form})


def test_person_is_added_invited_found_and_changed(app, home):
    browser, boss = come_in(app, home)
    rows.organization(home)
    browser.open(at(home, "/users")).follow("Add user")
    browser.submit(email="not one", name="Jane Doe", press="Add user")
    assert "Error:" in browser.title
    browser.submit(email=f"Jane@{home.domain}", name="Jane Doe", press="Add user")
    assert "The invitation is on its way" in browser.words
    assert "This person has never signed in" in browser.words
    assert [mail.message for mail in stored(home, OutboxMail)] == ["invitation"]
    browser.open(at(home, "/users?q=doe"))
    assert "Jane Doe" in browser.words
    assert "Select Boss Person" not in browser.words
    browser.follow("Jane Doe").follow("Edit").submit(name="Jane Roe", expires="2099-01-31", press="Save")
    assert "2099-01-31" in browser.words
    jane = account_of(home, f"Jane@{home.domain}")
    assert (jane.name, jane.surname_key, jane.expires_at.year) == ("Jane Roe", "roe", 2099)
    (changed,) = [one for one in steps.events(home, Event.ACCOUNT_CHANGED) if one.account_id == jane.id]
    assert (changed.detail["by"], changed.detail["before name"], changed.detail["after name"]) == (
        boss.id,
        "Jane Doe",
        "Jane Roe",
    )
    browser.open(at(home, "/users/new")).submit(email=f"JANE@{home.domain}", name="", press="Add user")
    assert "There is an account with this address already" in browser.words


def test_second_of_two_who_change_somebody_is_told(app, home):
    (one, _), (other, _) = come_in(app, home), come_in(app, home)
    ada = factories.account(home, name="Ada")
    for browser in (one, other):
        browser.open(at(home, f"/users/{ada.id}/edit"))
    one.submit(name="Ada One", press="Save")
    other.submit(name="Ada Other", press="Save")
    assert other.status == 409
    assert "Boss Person changed this meanwhile" in other.words
    assert account_of(home, ada.email).name == "Ada One"
    other.submit(name="Ada Other", press="Save")
    assert account_of(home, ada.email).name == "Ada Other"


def test_everything_about_one_person_is_shown_and_can_be_ended(app, home):
    browser, _boss = come_in(app, home)
    ways = factories.connection(home, label="Acme Login")
    ada = factories.account(home, with_totp=True, name="Ada", last_login_at=home.now, groups=("Staff",))
    factories.identity(
        home, ada.id, ways.id, profile={"position": "Lead Dispatcher", "phone": "+32 2 555"}, login_count=1142,
        last_login_at=home.now, last_address="198.51.100.24",
    )  # fmt: skip
    opened = factories.session(home, ada)
    browser.open(at(home, f"/users/{ada.id}"))
    for words in ("Lead Dispatcher", "+32 2 555", "1142 logins", "198.51.100.24", "Authenticator app", "Staff"):
        assert words in browser.words
    browser.submit(press=browser.page.forms[1].buttons[0].label)
    assert stored(home, BrowserSession, id=opened.row.id)[0].ended_at
    assert "That browser is signed out" in browser.words
    for deed, button, notice in (
        ("reset_factors", "Reset the second factors", "The second factors are reset"),
        ("send_link", "Send the mail", "The mail is on its way"),
        ("end_sessions", "Sign out everywhere", "Signed out everywhere"),
        ("disable", "Disable the account", "The account is disabled"),
        ("reactivate", "Reactivate the account", "The account works again"),
        ("local_off", "Disable e-mail login", "E-mail login is disabled"),
        ("local_on", "Enable e-mail login", "E-mail login is enabled"),
    ):
        browser.open(at(home, f"/users/{ada.id}/do/{deed}")).submit(press=button)
        assert notice in browser.words, deed
    assert stored(home, Credential, account_id=ada.id) == []
    browser.follow("Unlink").submit(press="Take the link away")
    assert stored(home, Identity) == []
    browser.open(at(home, f"/users/{ada.id}/do/delete")).submit(press="Delete for good")
    assert "The account is deleted" in browser.words
    assert browser.open(at(home, f"/users/{ada.id}")).status == 404
    mails = [mail.message for mail in stored(home, OutboxMail)]
    assert sorted(mails) == ["credential_changed", "credential_changed", "reset_link"]


def test_ac06_ac08_what_no_admin_does(app, home):
    """Last owner, own account, an owner by an admin, a helpdesk at an admin; and nobody sets a password."""
    owner, boss = come_in(app, home)
    assert "Your own account" in owner.open(at(home, f"/users/{boss.id}/do/delete")).words
    admin, _ = come_in(app, home, "admin")
    answer = posted(admin, home, f"/users/{boss.id}/do/disable")
    assert answer.status_code == 409
    assert "Only owners change an owner" in answer.text
    helpdesk, _ = come_in(app, home, "helpdesk")
    assert "Has a role" in helpdesk.open(at(home, f"/users/{boss.id}/do/reset_factors")).words
    assert helpdesk.open(at(home, f"/users/{boss.id}/do/disable")).status == 403
    ada = factories.account(home)
    before = stored(home, Credential, account_id=ada.id)[0].secret_hash
    form = {"name": "Ada", "expires": "", "organization": home.root, "seen": "", "password": "mine", "totp_secret": "JBSWY3DP"}
    posted(owner, home, f"/users/{ada.id}/edit", **form)
    posted(owner, home, f"/users/{ada.id}/do/set_password", password="mine")
    assert stored(home, Credential, account_id=ada.id)[0].secret_hash == before


def test_ac10_ac13_fields_that_no_form_has_mean_nothing(app, home):
    browser, _boss = come_in(app, home)
    mallory = f"mallory@{home.domain}"
    form = {"email": mallory, "name": "M", "organization": home.root, "expires": ""}
    more = {
        "role": "owner",
        "own_role": "owner",
        "tenant_id": "ten_x",
        "is_email_verified": "1",
        "state": "active",
        "id": "acc_x",
    }
    assert posted(browser, home, "/users/new", **form, **more).status_code == 303
    row = account_of(home, mallory)
    assert (row.role, row.own_role, row.is_email_verified, row.state) == (None, None, False, "invited")
    plain = factories.account(home)
    stranger = Browser(app)
    stranger.client.set_cookie(**factories.cookie_of(home, factories.session(home, plain)))
    assert stranger.open(at(home, f"/users/{plain.id}/edit")).status == 403


def test_several_are_done_with_at_once_and_many_beside_the_requests(app, home, broker):
    browser, boss = come_in(app, home)
    people = [factories.account(home, name=f"Guest {number:02}", with_password=False) for number in range(30)]
    answer = posted(browser, home, "/users/bulk", action="disable", id=[people[0].id, people[1].id, boss.id])
    browser.open(answer.headers["Location"])
    assert "It is done for 2 people." in browser.words
    assert "Your own account" in browser.words
    whom = browser.words.partition("For whom")[2]
    assert [one.email in whom for one in (people[0], people[1], people[2], boss)] == [True, True, False, False]
    browser.submit(press="Disable: 2 people")
    assert "Done for 2 people" in browser.words
    assert "For whom" not in browser.words
    answer = posted(browser, home, "/users/bulk", action="delete", all="yes", q="guest")
    browser.open(answer.headers["Location"]).submit(press="Delete: 30 people")
    assert "0 of 30 are dealt with" in browser.words
    there = browser.at
    rounds = BulkRounds()
    while rounds.work(broker):
        pass
    assert "Done for 30 people" in browser.open(there).words
    assert browser.open(at(home, "/users/import")).follow("Delete").at == there
    assert posted(browser, home, "/users/bulk", action="explode", id=boss.id).headers["Location"].endswith("done=no_action")


def test_export_is_edited_and_imported_as_it_was_meant(app, home):
    """Round trip through a spreadsheet library (PI-07, PI-08): what is not touched stays, the rest is done once."""
    browser, boss = come_in(app, home)
    studio = home.add(Organization(id="org_studio", key="studio", name="Studio", parent_id=home.root))
    ada = factories.account(home, name="=cmd|' /C calc'!A0", is_local_enabled=True)
    eve = factories.account(home, f"eve@{home.domain}", name="Eve", expires_at=home.now + timedelta(days=90))
    answer = posted(browser, home, "/users/export")
    book = openpyxl.load_workbook(io.BytesIO(answer.data))
    sheet = book.active
    by_email = {row[0].value: row for row in sheet.iter_rows(min_row=2)}
    assert set(by_email) == {boss.email, ada.email, eve.email}
    assert (by_email[ada.email][1].value, by_email[ada.email][1].data_type) == ("=cmd|' /C calc'!A0", "s")
    by_email[eve.email][1].value, by_email[eve.email][2].value, by_email[eve.email][3].value = "Eve Stone", "studio", "N"
    sheet.append([f"new@{home.domain}", "New Person", "", "Y", "2099-12-31"])
    stream = io.BytesIO()
    book.save(stream)
    assert posted(browser, home, "/users/import", file=(io.BytesIO(stream.getvalue()), "staff.xlsx")).status_code == 303
    browser.open(at(home, "/users/import")).follow("staff.xlsx")
    assert "1 new 1 changed 2 as they are" in " ".join(browser.words.split())
    assert "deletes the password and second factors of 1 person" in browser.words
    job = browser.path.removeprefix(at(home, ""))
    browser.submit(press="Write all 2 rows")
    assert "Everything was written" in browser.words
    assert posted(browser, home, job).headers["Location"].endswith(job)
    changed = account_of(home, eve.email)
    assert (changed.name, changed.organization_id, changed.is_local_enabled) == ("Eve Stone", studio.id, False)
    assert changed.expires_at.date() == (home.now + timedelta(days=91)).date()
    assert stored(home, Credential, account_id=eve.id) == []
    assert account_of(home, f"new@{home.domain}").is_local_enabled
    assert len(stored(home, Account)) == 4
    assert len(steps.events(home, Event.PEOPLE_IMPORTED)) == len(steps.events(home, Event.PEOPLE_EXPORTED)) == 1


def test_pi08_import_that_does_not_fit_any_more_writes_nothing(app, home):
    browser, boss = come_in(app, home)
    ada = factories.account(home, name="Ada")
    text = f"E-mail,Name\n{ada.email},Ada Two\nnew@{home.domain},New\n"
    job = posted(browser, home, "/users/import", file=(io.BytesIO(text.encode()), "a.csv")).headers["Location"]
    home.change(Account, ada.id, role="auditor")
    browser.open(job).submit(press="Write all 2 rows")
    assert browser.status == 409
    assert f"{ada.email} was changed since this file was read" in browser.words
    assert account_of(home, f"new@{home.domain}") is None
    text = f"E-mail,Name\n{boss.email},Mallory\n"
    job = posted(browser, home, "/users/import", file=(io.BytesIO(text.encode()), "b.csv")).headers["Location"]
    assert "1 row is not possible" in browser.open(job).words
    posted(browser, home, job.removeprefix(at(home, "")))
    assert account_of(home, boss.email).name == "Boss Person"
    answer = posted(browser, home, "/users/import", file=(io.BytesIO(b"PK" + b"x" * 300_000), "c.xlsx"))
    assert answer.status_code == 422
    multipart = {"content_type": "multipart/form-data; boundary=x", "base_url": ORIGIN}
    assert browser.client.post(at(home, "/users/import"), data=b"x" * 6_000_000, **multipart).status_code == 413
    assert posted(browser, home, "/users/bulk", action="x" * 300_000).status_code == 413


def test_ti05_delegated_admin_reaches_no_sibling_and_no_parent(app, home):
    """Every address of the console with somebody of another part in it."""
    mine, theirs = rows.organization(home), rows.organization(home)
    below = home.add(Organization(id="org_below", key="below", name="Below", parent_id=mine.id))
    browser, _boss = come_in(app, home, "admin", organization_id=mine.id, admin_organization_id=mine.id)
    near = factories.account(home, "near@x.example", name="Near", organization_id=below.id)
    others = [factories.account(home, organization_id=one, name="Far Away") for one in (theirs.id, home.root)]
    listed = browser.open(at(home, "/users")).words
    assert "Near" in listed
    assert "Far Away" not in listed
    assert "Far Away" not in browser.open(at(home, f"/users?organization={theirs.id}")).words
    exported = posted(browser, home, "/users/export", format="csv", organization=theirs.id).text
    assert others[0].email not in exported
    assert browser.open(at(home, f"/users/{near.id}")).status == 200
    for place in console_places(app, home):
        if "/users/acc_" in place.path:
            answer = send(browser.client, home, place)
            assert answer.status_code in {403, 404}, place
            assert "Far Away" not in answer.text
    answer = posted(browser, home, "/users/bulk", action="delete", id=[one.id for one in others])
    posted(browser, home, answer.headers["Location"].removeprefix(at(home, "")))
    assert all(account_of(home, one.email) for one in others)
    form = {"name": "Near", "expires": "", "organization": theirs.id, "seen": ""}
    assert "Choose one of the organizations" in posted(browser, home, f"/users/{near.id}/edit", **form).text
    assert "Far Away" not in browser.open(at(home, "/audit")).words
    for path in ("/connections", "/policies"):
        assert browser.open(at(home, path)).status == 403


def test_session_of_somebody_else_is_not_ended_by_its_id_alone(app, home):
    browser, _boss = come_in(app, home)
    ada, eve = factories.account(home), factories.account(home)
    opened = factories.session(home, eve)
    answer = posted(browser, home, f"/users/{ada.id}/session", session=opened.row.id)
    assert answer.headers["Location"].endswith("done=nothing")
    assert stored(home, BrowserSession, id=opened.row.id)[0].ended_at is None
