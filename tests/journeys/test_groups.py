"""Groups and roles that a connection gives: with every sign-in, and nobody else's (requirements.md, U6)."""

from dataclasses import replace

import pytest

from tenants.accounts import Account
from tenants.audit import Event
from tenants.grants import withdraw_grants
from tenants.version_keeping import Keeping
from tests import factories
from tests.peers.people import Person
from tests.support import steps
from tests.support.commands import environment, run
from tests.support.linking import account_row, grants, identities
from tests.support.meanwhile import after_look

RULES = [
    {"from": "engineers", "group": "Builders"},
    {"from": "travellers", "group": "Travel"},
    {"from": "it", "role": "admin"},
]


@pytest.fixture
def home(broker):
    return factories.tenant(broker)


@pytest.fixture
def way(home, oidc_peer):
    made = steps.oidc_way(home, oidc_peer, group_rules=RULES)
    steps.listed(home, way=made, proven=True)
    made.idp.person = Person(f"jane@{home.domain}", "Jane", "Doe", claims={"phone": "1"})
    return made


@pytest.fixture
def enter(home, way, new_browser):
    """Sign in with these groups, by a new browser; None: the provider says nothing of them."""

    def go(*groups, **claims):
        person = replace(way.idp.person, groups=groups)
        way.idp.person = replace(person, claims={"groups": None}) if groups == (None,) else person
        way.idp.says(**claims)
        return steps.enter(new_browser(), home, way)

    return go


def test_groups_follow_the_provider_and_those_from_elsewhere_stay(home, way, enter):
    assert enter("engineers", "else").at == f"{home.path}/"
    jane = identities(home)[0].account_id
    factories.grant(home, jane, "Travel")
    assert grants(home, jane) == {("group", "Builders", way.row.id), ("group", "Travel", "operator")}
    enter("engineers", "travellers")
    assert ("group", "Travel", way.row.id) in grants(home, jane)
    enter()
    assert grants(home, jane) == {("group", "Travel", "operator")}
    enter("engineers")
    way.idp.says(groups=None)
    enter("engineers")
    assert ("group", "Builders", way.row.id) in grants(home, jane), "unknown is not none"
    assert identities(home)[0].profile["groups"] == ["engineers"]
    changes = [event.detail for event in steps.events(home, Event.ACCOUNT_CHANGED)]
    assert {"by": "connection", "fields": "groups", "lost": "Builders, Travel"} in changes


@pytest.mark.parametrize("is_known", [True, False], ids=["somebody known", "a newcomer"])
def test_su20_rules_that_are_changed_on_the_way_give_nothing_by_the_old_ones(home, way, enter, is_known):
    """The last look before the write sees them, whatever a process has kept."""
    if is_known:
        enter("else")

    def take_back():
        with home.db.writing() as db:
            keeping = Keeping(db, home.broker.vault, "operator", home.now)
            row = keeping.locked(way.key)
            values = keeping.present_values(row)
            keeping.put_in_force(row, replace(values, config={**values.config, "group_rules": []}))

    with after_look(home, "identities" if is_known else "accounts", take_back):
        browser = enter("it")
    assert steps.event_of(browser, home).detail["detail"] == "the connection was changed meanwhile"
    assert [one for identity in identities(home) for one in grants(home, identity.account_id)] == []


def test_what_was_taken_away_counts_at_once_also_where_the_person_is_refused(home, way, enter):
    app = factories.application(home, required_groups=["Travel"])
    steps.notice(home)
    enter("travellers", "engineers")
    jane = identities(home)[0].account_id
    query = f"client_id={app.client_id}&redirect_uri={app.redirect_uris[0]}&response_type=code&scope=openid&prompt=login"
    challenge = "code_challenge_method=S256&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
    browser = enter("travellers")
    way.idp.person = replace(way.idp.person, groups=())
    tx = steps.tx_of(browser.open(f"{home.path}/oidc/authorize?{query}&{challenge}"))
    browser.open(f"{home.path}/sign-in/go/{way.key}?tx={tx}")
    assert steps.event_of(browser, home).cause == "application_not_assigned"
    assert grants(home, jane) == set()


def test_rules_give_roles_beside_ones_own_and_take_them_back(home, way, enter):
    chief = factories.admin(home)
    enter("it")
    jane = identities(home)[0].account_id
    assert (account_row(home, jane).role, account_row(home, jane).own_role) == ("admin", None)
    enter("engineers")
    assert account_row(home, jane).role is None
    home.change(Account, jane, role="helpdesk", own_role="helpdesk")
    enter("it")
    assert account_row(home, jane).role == "admin"
    enter()
    assert account_row(home, jane).role == "helpdesk"
    home.change(Account, jane, role="owner", own_role="owner")
    enter("it")
    assert account_row(home, jane).role == "owner", "the stronger one counts"
    home.change(Account, jane, role="admin", own_role=None)
    home.change(Account, chief.id, state="disabled")
    enter()
    assert account_row(home, jane).role == "admin", "AC-06: the last admin stays one"
    home.change(Account, chief.id, state="active")
    enter("engineers")
    assert account_row(home, jane).role is None


def test_ac10_role_needs_its_group_to_be_known(home, way, enter):
    """Whoever lost the group could make theirs unknown, or add one with a name that nobody takes."""
    factories.admin(home)
    enter("it", "engineers")
    jane = identities(home)[0].account_id
    for said in (None, [{"it": True}]):
        way.idp.says(groups=said)
        enter()
        assert grants(home, jane) == {("group", "Builders", way.row.id)}, said
        assert account_row(home, jane).role is None, said
        way.idp.forgets()
        enter("it", "engineers")
        assert account_row(home, jane).role == "admin", "known again"
    lost = [event.detail.get("lost") for event in steps.events(home, Event.ACCOUNT_CHANGED)]
    assert lost.count("role admin") == 2
    for padding in (["x" * 257], [f"g{number}" for number in range(2001)]):
        enter("engineers", *padding)
        assert account_row(home, jane).role is None, len(padding)
        enter("it", *padding)
        assert account_row(home, jane).role == "admin", len(padding)


def test_ac10_rules_that_change_take_roles_back_at_once(home, way, enter):
    """By what the provider said last: nobody waits for a next sign-in. Nothing is gained before it."""
    chief = factories.admin(home)
    enter("it", "engineers")
    jane = identities(home)[0].account_id

    def rules(*given):
        with home.db.writing() as db:
            keeping = Keeping(db, home.broker.vault, "operator", home.now)
            row = keeping.locked(way.key)
            present = keeping.present_values(row)
            keeping.put_in_force(row, replace(present, config={**present.config, "group_rules": list(given)}))
        return account_row(home, jane).role

    it = {"from": "it", "role": "admin"}
    assert rules(it, {"from": "engineers", "group": "Makers"}) == "admin"
    assert rules({**it, "role": "auditor"}) == "auditor"
    assert rules(it) == "auditor", "gained at the next sign-in"
    assert grants(home, jane) == {("group", "Builders", way.row.id), ("role", "auditor", way.row.id)}
    enter("it", "engineers")
    home.change(Account, chief.id, state="disabled")
    assert rules(RULES[0]) == "admin", "AC-06: the last admin stays one"
    home.change(Account, chief.id, state="active")
    assert rules(RULES[1]) is None
    assert identities(home)[0].profile["given"] == {"groups": [], "role": None}
    enter("engineers")
    assert account_row(home, jane).role is None


def test_connection_that_is_off_or_gone_gives_nothing_any_more(home, way, enter):
    factories.admin(home)
    enter("it", "engineers")
    jane = identities(home)[0].account_id
    with home.db.writing() as db:
        withdraw_grants(db, way.row.id, home.now)
    assert account_row(home, jane).role is None
    assert grants(home, jane) == set()
    way.change(group_rules=[{"from": "engineers", "role": "owner"}, {"from": "*", "role": "admin"}])
    enter("engineers")
    assert account_row(home, jane).role is None, "OD-08: no file could have said so"


def test_od08_groups_named_like_claims_are_values_and_no_claims(home, way, enter):
    way.change(group_rules=[{"from": "*"}])
    enter("sub", "iss", "amr", "email_verified")
    jane = identities(home)[0].account_id
    assert {value for _kind, value, _source in grants(home, jane)} == {"sub", "iss", "amr", "email_verified"}


def test_preview_tells_who_gains_and_who_loses(home, way, enter, database_url, tmp_path):
    enter("engineers", "it")
    file = tmp_path / "rules.toml"
    file.write_text('[[groups]]\nfrom = "engineers"\ngroup = "Makers"\n', encoding="utf-8")
    result = run("connection", "groups", home.slug, way.key, "--rules", file, **environment(database_url))
    assert result.exit_code == 0, result.output
    assert f"jane@{home.domain}: gains Makers; loses Builders; role admin → none" in result.output
    assert "1 account of 1 would change" in result.output
    unchanged = run("connection", "groups", home.slug, way.key, **environment(database_url))
    assert "0 accounts of 1 would change" in unchanged.output
    whole = tmp_path / "whole.toml"
    head = f"[[tenants.{home.slug}.connections.{way.key}.groups]]"
    whole.write_text(f'{head}\nfrom = "it"\nrole = "owner"\n', encoding="utf-8")
    refused = run("connection", "groups", home.slug, way.key, "--rules", whole, **environment(database_url))
    assert refused.exit_code == 1
    assert "must be one of admin, helpdesk, auditor" in refused.output
    for name, text in {"no.toml": "=", "other.toml": "[tenants.other]\nname = 1\n"}.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
        assert run(
            "connection", "groups", home.slug, way.key, "--rules", tmp_path / name, **environment(database_url)
        ).exit_code
    assert run("connection", "groups", home.slug, "nothing", **environment(database_url)).exit_code == 1
