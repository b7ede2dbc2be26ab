"""The users table: what is found by what was typed, how it is narrowed, sorted and paged; the same on both databases."""

from datetime import timedelta

import pytest

from tenants import account_filters
from tenants.account_filters import NEVER, Filters
from tenants.account_search import Sort, ids_of_all, methods_of, search_accounts
from tenants.accounts import Account
from tests import factories
from tests.support import rows

PEOPLE = (
    ("amina.bakkali", "Amina Bakkali", "active", 1),
    ("casper", "Casper De Vries", "active", 2),
    ("dilan.oz", "Dilan ÖZ", "invited", None),
    ("elena", "Elena 100% Marinescu", "active", 40),
    ("finn_j", "Finn Jørgensen", "disabled", 3),
    ("zoe", "", "active", None),
)


@pytest.fixture(scope="module")
def home(broker):
    home = factories.tenant(broker)
    factories.account(home, "aa@other.example", state="deleted")
    there = factories.account(factories.tenant(broker), "amina.bakkali@elsewhere.example", name="Amina Elsewhere")
    for number, (local, name, state, days) in enumerate(PEOPLE):
        then = None if days is None else home.now - timedelta(days=days)
        factories.account(
            home,
            f"{local}@{home.domain}",
            name=name,
            state=state,
            last_login_at=then,
            created_at=home.now - timedelta(days=number),
            is_local_enabled=number % 2 == 0,
            role="auditor" if local == "zoe" else None,
            expires_at=home.now - timedelta(days=1) if local == "elena" else None,
        )
    assert there
    return home


@pytest.fixture(params=["few", "some", "walked"])
def way(request, monkeypatch):
    """Both ways to a page: by reading few, and by walking the list."""
    if request.param != "few":
        monkeypatch.setattr(account_filters, "FEW", -1)
    if request.param == "walked":
        monkeypatch.setattr(account_filters, "SOME", -1)


def found(home, sort=Sort.ADDRESS, cursor="", back=False, size=50, **filters):
    with home.db.reading() as db:
        page = search_accounts(db, Filters(**filters), sort, home.now, cursor=cursor, back=back, size=size)
    return page, [row.email.partition("@")[0] for row in page.rows]


ALL = [local for local, *_ in PEOPLE]
SEARCHES = {
    "amina": ["amina.bakkali"],
    "AMINA.BAKKALI@": ["amina.bakkali"],
    "bakk": ["amina.bakkali"],
    "de  vries": ["casper"],
    "vries": [],
    "öz": ["dilan.oz"],
    "oz": [],
    "100%": ["elena"],
    "%": [],
    "_": [],
    "finn_": ["finn_j"],
    "'; DROP TABLE accounts; --": [],
    "\x00": [],
    "\ud800": [],
    "nobody": [],
    "": ALL,
}


@pytest.mark.parametrize(("text", "names"), SEARCHES.items(), ids=[repr(text) for text in SEARCHES])
def test_in06_search_finds_beginnings_and_nothing_else(home, way, text, names):
    assert found(home, text=text)[1] == names


def test_domain_is_found(home):
    assert found(home, text=home.domain)[1] == found(home, text=f"@{home.domain}")[1] == ALL
    assert found(home, text="@elsewhere.example")[1] == []


NARROWED = {
    "active": ({"state": "active"}, ["amina.bakkali", "casper", "zoe"]),
    "expired counts at once": ({"state": "expired"}, ["elena"]),
    "disabled": ({"state": "disabled"}, ["finn_j"]),
    "never": ({"state": NEVER}, ["dilan.oz", "zoe"]),
    "a state that is none": ({"state": "asleep"}, []),
    "local": ({"method": "local"}, ["amina.bakkali", "dilan.oz", "finn_j"]),
    "another way": ({"method": "nothing"}, []),
    "role": ({"role": "auditor"}, ["zoe"]),
    "several": ({"method": "local", "state": "active"}, ["amina.bakkali"]),
    "several that leave nobody": ({"role": "auditor", "state": "disabled"}, []),
    "of no organization": ({"organizations": frozenset()}, []),
    "of another organization": ({"organization": "org_none"}, []),
}


@pytest.mark.parametrize(("filters", "names"), NARROWED.values(), ids=NARROWED)
def test_list_is_narrowed(home, way, filters, names):
    assert found(home, **filters)[1] == names
    with home.db.reading() as db:
        assert len(ids_of_all(db, Filters(**filters), home.now, 10)) == len(names)


def test_people_of_a_connection_and_of_a_part_are_found(home, way):
    part, ways = rows.organization(home), factories.connection(home)
    ada = factories.account(home, f"b@{part.key}.example", organization_id=part.id)
    factories.identity(home, ada.id, ways.id)
    assert found(home, method=ways.key)[1] == found(home, organizations=frozenset({part.id}))[1] == ["b"]
    assert found(home, organization=part.id, method="local", organizations=frozenset({home.root}))[1] == []
    with home.db.reading() as db:
        assert methods_of(db, [ada.id, "acc_none"]) == {ada.id: [ways.key]}
    home.change(Account, ada.id, state="deleted")


SORTED = {
    Sort.ADDRESS: ALL,
    Sort.NAME: ["zoe", *ALL[:-1]],
    Sort.SEEN: ["amina.bakkali", "casper", "finn_j", "elena", "dilan.oz", "zoe"],
    Sort.CREATED: ALL,
}


@pytest.mark.parametrize("size", [1, 2, 4])
@pytest.mark.parametrize("sort", Sort)
@pytest.mark.parametrize("text", ["", "@"], ids=["everybody", "few"])
def test_pages_lead_there_and_back(home, sort, size, text):
    """Each page once on the way down and the same ones on the way up."""
    filters = {"text": f"@{home.domain}"} if text else {}
    pages, cursor, last = [], "", None
    while cursor is not None:
        last, names = found(home, sort, cursor, size=size, **filters)
        pages.append(names)
        cursor = last.next
    assert [name for names in pages for name in names] == SORTED[sort]
    up = []
    while last.previous is not None:
        last, names = found(home, sort, last.previous, back=True, size=size, **filters)
        up.insert(0, names)
        assert last.next is not None
    assert up == pages[:-1]


@pytest.mark.parametrize(
    "cursor", ["?", "bm8", "WzFd", "W10", "e30", "WyJhZGRyZXNzIiw5LCJhIiwiYiJd", "WyJhZGRyZXNzIiwwLG51bGwsImIiXQ"]
)
def test_in06_what_is_no_cursor_gives_the_first_page(home, cursor):
    assert found(home, cursor=cursor)[1] == found(home, cursor=cursor, back=True)[1] == ALL
    stranger = found(home, Sort.SEEN, size=1)[0].next
    assert found(home, cursor=stranger)[1] == ALL


def test_keys_follow_name_and_address(home):
    ada = factories.account(home, name="Ada  LOVELACE von X")
    with home.db.writing() as db:
        row = db.get_one(Account, (home.id, ada.id))
        assert (row.name_key, row.surname_key, row.email_domain) == ("ada lovelace von x", "lovelace von x", home.domain)
        row.name, row.email_key = "Grace Hopper", "grace@navy.example"
        assert (row.name_key, row.surname_key, row.email_domain) == ("grace hopper", "hopper", "navy.example")
        row.state = "deleted"
