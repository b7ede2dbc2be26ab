"""The audit log in the console: finding, paging, reading, taking along; a reference and its link; who sees whose entries."""

import csv
import io
import re
from datetime import timedelta

import pytest

from broker.console import access
from broker.console.cells import safe_cell
from tenants.audit import Event, append
from tests import factories
from tests.support import steps
from tests.support.console import signed_in
from tests.support.federation_rows import trace
from tests.support.html import Page
from tests.support.rows import organization
from tests.support.stores import ON_SQLITE
from tests.support.wiring import ORIGIN

MANY = 120


@pytest.fixture(scope="module")
def home(broker):
    return factories.tenant(broker)


@pytest.fixture(scope="module")
def busy(broker):
    """A tenant with many entries, five at each moment."""
    home = factories.tenant(broker)
    with home.db.writing() as db:
        for number in range(MANY):
            at = home.now - timedelta(minutes=number // 5)
            append(db, Event.LOGIN_REFUSED, at=at, cause="credentials_invalid", detail={"number": number})
    return home


@pytest.fixture
def admin(app, home):
    return signed_in(app, home, "admin")


def got(client, home, path, **values):
    answer = client.get(f"{home.path}/console{path}", base_url=ORIGIN, query_string=values)
    assert answer.status_code == 200, answer.status
    return answer.text


def ids_in(text):
    return re.findall(r"/console/audit/entry/(aud_\w+)", text)


def posted(client, home, path, **form):
    page = Page(client.get(f"{home.path}/console/audit/reference", base_url=ORIGIN).text)
    token = next(form.fields["csrf_token"].value for form in page.forms if "csrf_token" in form.fields)
    return client.post(f"{home.path}/console{path}", base_url=ORIGIN, data=form | {"csrf_token": token})


def written(home, event=Event.LOGIN_REFUSED, **values):
    known = {one.id for one in steps.events(home)}
    with home.db.writing() as db:
        append(db, event, at=home.now, **values)
    return next(one for one in steps.events(home) if one.id not in known)


def test_every_entry_is_on_one_page_of_the_log_both_ways(app, busy):
    client, seen, url = signed_in(app, busy, "auditor"), [], f"{busy.path}/console/audit"
    pages = []
    while url:
        page = client.get(url, base_url=ORIGIN).text
        pages.append(ids_in(page))
        seen += ids_in(page)
        url, last = (re.search(r'href="([^"]+)" rel="next"', page) or [None, None])[1], page
        url = url.replace("&amp;", "&") if url else None
    assert len(seen) == len(set(seen)) == len(steps.events(busy))
    assert set(seen) == {event.id for event in steps.events(busy)}
    back = re.search(r'href="([^"]+)" rel="prev"', last)[1].replace("&amp;", "&")
    assert ids_in(client.get(back, base_url=ORIGIN).text) == pages[-2]


def test_filters_find_what_was_asked_for_and_nothing_else(app, home, admin):
    way, app_row = factories.connection(home), factories.application(home)
    jane = factories.account(home)
    wanted = written(
        home, cause="upstream_denied", reference="K7QF-29XM", account_id=jane.id, connection_id=way.id,
        application_id=app_row.id, address="192.0.2.77",
    )  # fmt: skip
    written(home, cause="credentials_invalid", address="192.0.2.1")
    day = home.now.date().isoformat()
    for values in (
        {"q": jane.email.upper()}, {"q": "k7qf-29xm"}, {"q": jane.id}, {"cause": "upstream_denied"},
        {"connection": way.key}, {"application": app_row.key}, {"address": "192.0.2.77"},
        {"event": "login.refused", "cause": "upstream_denied", "since": day, "until": day},
    ):  # fmt: skip
        assert ids_in(got(admin, home, "/audit", **values)) == [wanted.id], values
    for values in ({"q": "nobody@nowhere.example"}, {"connection": "other"}, {"until": "2001-01-01"}, {"q": "x' OR 1=1"}):
        assert ids_in(got(admin, home, "/audit", **values)) == [], values
    assert "Write the date as" in got(admin, home, "/audit", since="soon")
    for odd in ("1~aud_a", "x", "9999999999999999~aud_a", "-1~aud_b"):
        got(admin, home, "/audit", older=odd)


def test_an_entry_shows_before_and_after(home, admin):
    detail = {"path": "branding", "by": "file", "fields": "colour", "before colour": "#fff", "after colour": "#<b>"}
    entry = written(home, Event.CONFIGURATION_CHANGED, detail=detail)
    page = got(admin, home, f"/audit/entry/{entry.id}")
    assert "#fff" in page
    assert "#&lt;b&gt;" in page
    assert "Not sealed yet" in page


@ON_SQLITE
def test_pi07_export_holds_every_entry_and_no_formula(app, busy):
    names = ("=HYPERLINK(1)", "+1", "-1", "@SUM(1)", "\t=1", ' =cmd|" /C calc"!A0')
    for name in names:
        written(busy, user_agent=name, detail={"x": 'a "quoted", text'})
    client = signed_in(app, busy, "auditor")
    answer = posted(client, busy, "/audit/export")
    assert answer.content_type == "text/csv; charset=utf-8"
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert len(rows) == len(steps.events(busy))
    assert all(not cell.lstrip().startswith(("=", "+", "-", "@")) for row in rows for cell in row.values())
    assert [row["browser"] for row in rows if row["browser"]] != []
    assert any(row["detail"] == 'x=a "quoted", text' for row in rows)
    exported = steps.events(busy, Event.LOG_EXPORTED)[-1]
    assert exported.account_id
    filtered = posted(client, busy, "/audit/export", event="audit.exported", q="")
    assert [row["event"] for row in csv.DictReader(io.StringIO(filtered.text))] == ["audit.exported"] * 2
    assert safe_cell("plain") == "plain"


def test_helpdesk_finds_a_reference_and_makes_a_link_for_it(app, home):
    helper = signed_in(app, home, "helpdesk")
    kept = trace(home, reference="ABCD-2345")
    entry = written(home, reference="ABCD-2345", cause="account_unknown")
    page = got(helper, home, "/audit/reference", reference="abcd-2345 ")
    assert home.canary in page
    assert entry.id not in page  # the log itself is not for helpdesks
    answer = posted(helper, home, "/audit/reference", reference="ABCD-2345")
    link = re.search(r'data-value="([^"]+/trace/[^"]+)"', answer.text)[1]
    assert app.test_client().get(link).status_code == 200
    shared = steps.events(home, Event.TRACE_SHARED)[-1]
    assert (shared.reference, link.rpartition("/")[2] in str(shared.detail)) == (kept.reference, False)
    assert posted(helper, home, "/audit/reference", reference="ABCD-9999").status_code == 404
    assert posted(helper, home, "/audit/reference", reference="' OR 1=1").status_code == 404
    assert "two groups of four" in got(helper, home, "/audit/reference", reference="x")
    assert "Nothing is known" in got(helper, home, "/audit/reference", reference="ABCD-9999")


def test_auditor_reads_a_reference_and_makes_no_link(app, home):
    reader = signed_in(app, home, "auditor")
    trace(home, reference="BBBB-2345")
    assert "Make a link" not in got(reader, home, "/audit/reference", reference="BBBB-2345")
    assert posted(reader, home, "/audit/reference", reference="BBBB-2345").status_code == 403


@ON_SQLITE
def test_ti05_delegated_admin_reads_entries_of_their_own_people_only(app, home, monkeypatch):
    part = organization(home)
    ours, theirs = factories.account(home, organization_id=part.id), factories.account(home)
    mine = written(home, account_id=ours.id, reference="CCCC-2345")
    other = written(home, account_id=theirs.id, reference="CCCC-2346")
    nobodys = written(home, reference="CCCC-2347")
    trace(home, reference="CCCC-2346", account_id=theirs.id)
    monkeypatch.setattr(access, "organization_ids_of", lambda person: frozenset({part.id}))
    admin = signed_in(app, home, "admin")
    assert ids_in(got(admin, home, "/audit")) == [mine.id]
    for entry in (other, nobodys):
        answer = admin.get(f"{home.path}/console/audit/entry/{entry.id}", base_url=ORIGIN)
        assert answer.status_code == 404
    assert "Nothing is known" in got(admin, home, "/audit/reference", reference="CCCC-2346")
    assert posted(admin, home, "/audit/reference", reference="CCCC-2346").status_code == 404
    assert theirs.id not in posted(admin, home, "/audit/export").text
