"""`broker move`: what the operator sees and does of a move."""

import csv
import os
from datetime import timedelta

import pytest
from sqlalchemy import select

from tenants.accounts import Grant
from tenants.audit import Event
from tenants.ids import new_id
from tenants.moves import Move, MoveSubject
from tests import factories
from tests.support import steps
from tests.support.commands import environment, run

ISSUER = "https://new.example"


@pytest.fixture
def home(broker):
    return factories.tenant(broker)


@pytest.fixture
def old(home):
    made = factories.connection(home, "old")
    steps.listed(home, f"proven.{home.domain}", None, proven=True)
    factories.domain(home, f"old.{home.domain}", connection_id=made.id)
    return made


@pytest.fixture
def new(home):
    return factories.connection(home, "new")


@pytest.fixture
def move(home, old, new, database_url):
    """`broker move WHAT TENANT old …`."""
    variables = environment(database_url)
    return lambda what, *arguments, **more: run("move", what, home.slug, "old", *arguments, **more, **variables)


def person(home, *ways, name=None, **values):
    """Somebody who signs in by these connections."""
    who = factories.account(home, f"{name or new_id('p')[2:9]}@{home.domain}", with_password=False, with_totp=False, **values)
    for way in ways:
        factories.identity(home, who.id, way.id, issuer=ISSUER, subject=f"of-{who.id}")
    return who


def file_of(tmp_path, *lines):
    path = tmp_path / "map.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def rows_of(home, model=MoveSubject):
    with home.db.reading() as db:
        return list(db.scalars(select(model)))


def test_report_and_progress_say_who_is_found_how(home, old, new, move, tmp_path):
    steps.notice(home)
    moved, waiting, plain = person(home, old, new), person(home, old), person(home, old, role="admin")
    odd = person(home, old, name="=cmd")
    person(home, new)
    person(home, old, state="deleted")
    factories.domain(home, home.domain, connection_id=old.id)
    with home.broker.db.platform("a test proves a domain", home.now) as platform:
        platform.add(steps.DomainProof(domain=home.domain, tenant_id=home.id, method="operator", proven_at=home.now))
    stranger = factories.account(home, "eva@partner.example", with_password=False, with_totp=False)
    factories.identity(home, stranger.id, old.id)
    assert move("report").stderr.startswith("Error: Nobody moves from old now.")
    assert move("begin", "new", "--cut-over", "2031-05-01").stdout == (
        "People move from old to new. Cut over in the night to 2031-05-01.\n"
    )
    assert move("map", file_of(tmp_path, "email,subject", f"{waiting.email},W-1"), "--issuer", ISSUER, "--yes").exit_code == 0
    told = move("report", "--csv", tmp_path / "people.csv")
    assert told.stdout.splitlines()[0] == "5 accounts with a way by old. Cut over in the night to 2031-05-01."
    assert [line.split()[0] for line in told.stdout.splitlines()[1:]] == ["1", "1", "2", "1"]
    with (tmp_path / "people.csv").open(encoding="utf-8", newline="") as lines:
        found = {row["email"]: row["match"] for row in csv.DictReader(lines)}
    assert found == {
        moved.email: "moved",
        waiting.email: "map",
        plain.email: "address",
        f"'{odd.email}": "address",
        stranger.email: "nothing",
    }
    lines = move("progress").stdout.splitlines()
    assert lines[-1].startswith("1 of 5 accounts moved.")
    assert f"missing {plain.email}: active, last sign-in never, admin" in lines
    assert not any(moved.email in line for line in lines)


def test_map_is_checked_as_a_whole_and_written_as_a_whole(home, old, new, move, tmp_path):
    one, two, gone = person(home, old), person(home, old), person(home, old, new)
    outside = person(home)
    move("begin", "new")
    wrong = {
        f"{outside.email},S-3": "does not sign in by the old connection",
        f"nobody@{home.domain},S-4": "there is no account",
        "no address,S-5": "exactly one @",
        f"{one.email},": "1 to 255 characters",
        f"{one.email},{'x' * 256}": "1 to 255 characters",
        f"{one.email},a\u202eb": "1 to 255 characters",
        f"{one.email}": "another number of columns",
        f"{one.email},S-6,more": "another number of columns",
        f"{one.email},of-{gone.id}": "belongs to another account already",
        f"{gone.email},S-7": "has moved already, as another subject",
        f"{two.email.upper()},S-8": "an earlier line",
        f"{person(home, old).email},S-2": "an earlier line",
    }
    told = move("map", file_of(tmp_path, "email,subject", f"{two.email},S-2", *wrong), "--issuer", ISSUER, "--yes")
    assert told.exit_code == 1
    faults = {int(line.split()[1].rstrip(":")): line for line in told.stderr.splitlines() if line.startswith("line ")}
    for number, (line, sentence) in enumerate(wrong.items(), 3):
        assert sentence in faults[number], line
    assert len(faults) == len(wrong)
    assert rows_of(home) == []
    good = file_of(
        tmp_path,
        "\ufeffSubject,Issuer,Email",
        f"S-1,,{one.email}",
        "",
        f"of-{gone.id},,{gone.email}",
        f"S-2,https://b.example,{two.email}",
    )
    assert move("map", good, "--dry-run").stdout == "2 accounts to be linked, 1 have moved already.\nNothing was written.\n"
    assert (move("map", good, answer="n\n").exit_code, rows_of(home)) == (1, [])
    assert move("map", good, answer="y\n").exit_code == 0
    assert {(row.account_id, row.issuer, row.subject) for row in rows_of(home)} == {
        (one.id, ISSUER, "S-1"),
        (two.id, "https://b.example", "S-2"),
    }
    home.change(MoveSubject, rows_of(home)[0].id, linked_at=home.now)
    assert move("map", file_of(tmp_path, "email,subject"), "--yes").exit_code == 0
    assert len(rows_of(home)) == 1
    assert [one.detail["accounts"] for one in steps.events(home, Event.MOVE_MAPPED)] == ["2", "0"]


def test_file_that_is_no_text_or_too_large_is_refused(home, old, new, move, tmp_path):
    move("begin", "new")
    path = tmp_path / "map.csv"
    path.write_bytes(b"email,issuer,subject\n\xff,a,b\n")
    assert "not text in UTF-8" in move("map", path, "--yes").stderr
    os.truncate(path, 64 * 1024 * 1024 + 1)
    assert "is larger than" in move("map", path, "--yes").stderr
    assert rows_of(home) == []


def test_cut_over_asks_refuses_what_would_lock_people_out_and_can_be_undone(home, old, new, move):
    person(home, old)
    app = factories.application(home, key="travel", accepted_connections=["old"])
    told = move("begin", "new")
    assert "Before it can be cut over: The application travel accepts old and not new." in told.stderr
    assert "accepts old and not new" in move("cut-over", "--yes").stderr
    home.change(type(app), app.id, accepted_connections=["old", "new"])
    asked = move("cut-over", answer="n\n")
    assert (asked.exit_code, "Not moved yet: 1 account." in asked.stderr) == (1, True)
    assert "still on" in move("finish", "--yes").stderr
    done = move("cut-over", "--yes")
    assert done.stdout == f"old is off. Sent with it: old.{home.domain}.\n"
    assert "has been cut over already" in move("cut-over", "--yes").stderr
    assert "has been cut over already" in move("begin", "new").stderr
    assert move("undo").stdout == f"old is as it was before the move. Sent with it: old.{home.domain}.\n"
    assert move("undo").stderr.startswith("Error: Nobody moves from old now.")
    assert [one.event for one in steps.events(home) if one.event.startswith("move.")] == [
        Event.MOVE_BEGUN,
        Event.MOVE_CUT_OVER,
        Event.MOVE_UNDONE,
    ]


def test_finished_move_ends_what_the_old_connection_gave(home, old, new, move):
    who = person(home, old)
    home.add(Grant(id=new_id("grt"), account_id=who.id, kind="group", value="Old group", source=old.id))
    factories.grant(home, who.id, "Kept group")
    move("begin", "new")
    move("cut-over", "--yes")
    assert (move("finish", answer="n\n").exit_code, move("finish", answer="y\n").exit_code) == (1, 0)
    assert [row.value for row in rows_of(home, Grant)] == ["Kept group"]
    (row,) = rows_of(home, Move)
    assert row.finished_at - row.cut_at < timedelta(minutes=5)
    assert "Nobody moves" in move("undo").stderr


def test_moves_do_not_overlap(home, old, new, move, database_url):
    third = factories.connection(home, "third")
    variables = environment(database_url)
    for arguments, sentence in {
        ("begin", home.slug, "old", "old"): "Name two connections",
        ("begin", home.slug, "old", "none"): "There is no connection none",
        ("begin", home.slug, "old", "new"): "",
        ("begin", home.slug, "old", third.key): "already move from old to another",
        ("begin", home.slug, "new", third.key): "part of another move",
        ("begin", home.slug, third.key, "old"): "part of another move",
        ("begin", "nobody", "old", "new"): "There is no such tenant",
        ("report", "nobody", "old"): "There is no such tenant",
    }.items():
        told = run("move", *arguments, **variables)
        assert (told.exit_code, sentence in told.stderr) == (1 if sentence else 0, True), (arguments, told.stderr)
    assert len(rows_of(home, Move)) == 1
