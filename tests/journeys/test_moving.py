"""From one identity provider to another (docs/moving.md): who is linked on the way, the date, and the way back."""

import pytest
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from broker.moves import cut_over_due, daily_moves
from tenants.audit import Event
from tenants.connections import Connection
from tenants.domains import Domain
from tenants.identities import Identity
from tenants.moves import Move, MoveSubject
from tenants.moving import MoveError, Moving
from tests import factories
from tests.peers.people import Person
from tests.support import steps
from tests.support.federation_rows import move_subject
from tests.support.meanwhile import after_look
from tests.support.stores import ON_POSTGRESQL


@pytest.fixture
def home(broker):
    return factories.tenant(broker)


@pytest.fixture
def old(home, oidc_peer):
    way = steps.oidc_way(home, oidc_peer, "old", label="Old login")
    steps.listed(home, way=way, proven=True)
    return way


@pytest.fixture
def new(home, oidc_peer):
    return steps.oidc_way(home, oidc_peer, "new", label="New login", linking="never")


def begun(home, old, new, cut_over_at=None):
    with home.db.writing() as db:
        return Moving(db, home.broker.vault, "test", home.now).begin(old.key, new.key, cut_over_at)


def undone(home, old):
    with home.db.writing() as db:
        moving = Moving(db, home.broker.vault, "test", home.now)
        return moving.undo(moving.get(old.key))


def mapped(home, move, account_id, way, subject):
    return move_subject(home, move_id=move.id, account_id=account_id, issuer=way.idp.issuer, subject=subject)


def arrives(browser, home, way, email, subject):
    """Somebody whom this provider knows so, there and back."""
    way.idp.person = Person(email, subject=subject)
    return steps.enter(browser, home, way)


def enter_old(browser, home, old, email):
    """The id of the account that somebody has by the old way."""
    arrives(browser, home, old, email, f"old-{email}")
    assert steps.is_signed_in(browser, home)
    return linked(home, old)[f"old-{email}"]


def linked(home, way):
    """Subject → account of everybody who has this way."""
    with home.db.reading() as db:
        rows = db.scalars(select(Identity).where(Identity.connection_id == way.row.id)).all()
    return {row.subject: row.account_id for row in rows}


def links(home):
    """Account, manner and subject of every link that the audit log has."""
    found = steps.events(home, Event.IDENTITY_LINKED)
    return [(one.account_id, one.detail["how"], one.detail["subject"]) for one in found]


def row_of(home, model, row_id):
    with home.db.reading() as db:
        return db.get_one(model, (home.id, row_id))


def test_who_stands_in_the_map_is_linked_at_once_whatever_the_address(home, old, new, new_browser):
    jane = enter_old(new_browser(), home, old, f"jane@{home.domain}")
    row = mapped(home, begun(home, old, new), jane, new, "J-1")
    browser = arrives(new_browser(), home, new, f"j.doe@{home.domain}", "J-1")
    assert steps.is_signed_in(browser, home)
    assert linked(home, new) == {"J-1": jane}
    assert linked(home, old) == {f"old-jane@{home.domain}": jane}
    assert row_of(home, MoveSubject, row.id).linked_at is not None
    assert (jane, "moved", "J-1") in links(home)
    assert steps.is_signed_in(arrives(new_browser(), home, new, "other@partner.example", "J-1"), home)
    assert steps.is_signed_in(arrives(new_browser(), home, old, f"jane@{home.domain}", f"old-jane@{home.domain}"), home)


def test_a_row_of_the_map_holds_for_nobody_else_and_for_no_other_time(home, old, new, oidc_peer, new_browser):
    """Not for another subject or issuer, an account without the old way or with the new one, or after the move."""
    jane = enter_old(new_browser(), home, old, f"jane@{home.domain}")
    kim = enter_old(new_browser(), home, old, f"kim@{home.domain}")
    boss = factories.admin(home)
    third = steps.oidc_way(home, oidc_peer, "third", provisioning="existing")
    new.change(provisioning="existing")
    move = begun(home, old, new)
    mapped(home, move, jane, new, "J-1")
    mapped(home, move, boss.id, new, "B-1")
    mapped(home, move, kim, new, "K-2")
    factories.identity(home, kim, new.row.id, issuer=new.idp.issuer, subject="K-1")
    move_subject(home, move_id=move.id, account_id=factories.account(home).id, issuer="https://other.example", subject="X-1")
    for way, subject in ((new, "J-2"), (new, "j-1"), (third, "J-1"), (new, "B-1"), (new, "K-2"), (new, "X-1")):
        browser = arrives(new_browser(), home, way, "somebody@partner.example", subject)
        assert (browser.status, linked(home, third), linked(home, new)) == (403, {}, {"K-1": kim}), subject
    undone(home, old)
    arrives(new_browser(), home, new, "somebody@partner.example", "J-1")
    assert linked(home, new) == {"K-1": kim}


def test_who_is_in_no_map_shows_the_old_way_once_though_the_new_connection_links_nobody(home, old, new, new_browser):
    jane = enter_old(new_browser(), home, old, f"jane@{home.domain}")
    refused = arrives(new_browser(), home, new, f"jane@{home.domain}", "J-1")
    assert (refused.status, steps.event_of(refused, home).cause) == (403, "link_required")
    begun(home, old, new)
    browser = arrives(new_browser(), home, new, f"jane@{home.domain}", "J-1")
    assert browser.path == f"{home.path}/sign-in/link"
    old.idp.person = Person(f"jane@{home.domain}", subject=f"old-jane@{home.domain}")
    steps.go_along(browser.submit(press="old"))
    browser.submit(press="Link and continue")
    assert steps.is_signed_in(browser, home)
    assert linked(home, new) == {"J-1": jane}
    assert (jane, "asked", "J-1") in links(home)
    undone(home, old)


def test_two_at_once_use_a_row_of_the_map_once(home, old, new, new_browser):
    jane = enter_old(new_browser(), home, old, f"jane@{home.domain}")
    mapped(home, begun(home, old, new), jane, new, "J-1")
    browsers = [new_browser(), new_browser()]
    for browser in browsers:
        browser.stop_at(new.origin)
        steps.enter(browser, home, new)
    new.idp.person = Person(f"jane@{home.domain}", subject="J-1")
    backs = [new.idp.approve(browser.foreign, new.idp.person) for browser in browsers]
    steps.at_once([lambda one=one, back=back: one.open(back) for one, back in zip(browsers, backs, strict=True)])
    assert [steps.is_signed_in(browser, home) for browser in browsers] == [True, True]
    assert [how for _, how, _ in links(home)].count("moved") == 1


def test_on_its_date_the_old_way_is_off_and_its_domains_go_along_until_it_is_undone(home, old, new, broker, browser):
    jane = enter_old(browser, home, old, f"jane@{home.domain}")
    elsewhere = factories.domain(home, f"new.{home.domain}", connection_id=new.row.id)
    move = begun(home, old, new, home.broker.ports.clock.advance(seconds=1))
    home.broker.ports.clock.advance(days=1)
    for night in (daily_moves(), daily_moves()):
        while night.work(broker):
            pass
    assert list(cut_over_due(broker, home.now)) == []
    assert row_of(home, Move, move.id).moved_domains == [home.domain]
    assert not row_of(home, Connection, old.row.id).is_enabled
    assert steps.events(home, Event.MOVE_CUT_OVER)[-1].detail["domains"] == home.domain
    steps.notice(home)
    assert not steps.is_signed_in(browser, home)
    browser.stop_at(new.origin)
    assert steps.type_address(browser, home, f"jane@{home.domain}").foreign.startswith(new.idp.issuer)
    assert undone(home, old) == (home.domain,)
    assert row_of(home, Connection, old.row.id).is_enabled
    with home.db.reading() as db:
        ways = {one.name: one.connection_id for one in db.scalars(select(Domain))}
    assert ways == {home.domain: old.row.id, elsewhere.name: new.row.id}
    assert linked(home, old) == {f"old-jane@{home.domain}": jane}


def test_way_that_was_off_before_the_move_stays_off_when_it_is_undone(home, old, new):
    """Somebody had a reason: perhaps the provider was not to be trusted any more."""
    old.change(is_enabled=False)
    move = begun(home, old, new)
    with home.db.writing() as db:
        moving = Moving(db, home.broker.vault, "test", home.now)
        assert moving.cut_over(moving.get(old.key)) == (home.domain,)
    assert row_of(home, Move, move.id).was_enabled is False
    assert undone(home, old) == (home.domain,)
    assert not row_of(home, Connection, old.row.id).is_enabled


def test_one_move_that_can_not_be_cut_over_does_not_hold_up_the_others(home, old, new, broker, oidc_peer):
    new.change(is_enabled=False)
    begun(home, old, new, home.now)
    other = factories.tenant(broker)
    ways = [steps.oidc_way(other, oidc_peer, key) for key in ("old", "new")]
    begun(other, *ways, other.now)
    assert list(cut_over_due(broker, home.now)) == ["old", "old"]
    assert row_of(home, Connection, old.row.id).is_enabled
    assert not row_of(other, Connection, ways[0].row.id).is_enabled
    undone(home, old)


@ON_POSTGRESQL
def test_connections_stay_while_a_move_of_them_begins(home, old, new):
    """Whoever deletes one waits, and is told of the move. (SQLite has one writer at a time.)"""
    held = []

    def delete():
        for way in (old, new):
            try:
                with home.db.writing() as db:
                    db.scalars(select(Connection).where(Connection.key == way.key).with_for_update(nowait=True)).all()
            except OperationalError:
                held.append(way.key)

    with after_look(home, "moves", delete):
        begun(home, old, new)
    assert held == ["old", "new"]
    with home.db.writing() as db:
        db.delete(db.get_one(Connection, (home.id, new.row.id)))
        db.flush()
        with pytest.raises(MoveError, match="There is no connection new in this tenant"):
            Moving(db, home.broker.vault, "test", home.now).begin(old.key, new.key, None)
