"""What a part has of its own (T8): rules that are set in the console and hold at sign-in, and contacts that its people see."""

from datetime import timedelta

import pytest

from broker.mail.letter import Words, write
from tenants.accounts import Account
from tenants.audit import Event
from tenants.organizations import Contact, Organization
from tenants.tenants import TenantSettings
from tests import factories
from tests.browser import Browser
from tests.support import rows, steps
from tests.support.console import as_admin
from tests.support.mails import letter
from tests.support.rows import stored


@pytest.fixture
def home(broker):
    return factories.tenant(broker)


@pytest.fixture
def part(home):
    return rows.organization(home)


@pytest.fixture
def at_console(browser, home):
    return as_admin(browser, home, factories.account(home, role="owner"))


def ruled(home, part, **own):
    home.change(Organization, part.id, policy_overrides=own)
    steps.notice(home)


def free(home, *matters, **policy):
    home.change(TenantSettings, "settings", policy={"local_enabled": True, "parts_may": list(matters), **policy})
    steps.notice(home)


def let_rule(browser, home, *matters):
    """Tick these boxes and no others."""
    browser.open(f"{home.path}/console/policies/parts")
    fields = browser.page.forms[-1].fields
    browser.post(browser.url, {name: fields[name].value for name in ("csrf_token", "seen")} | {"parts_may": list(matters)})
    assert "Saved." in browser.words


def test_t8_main_organization_says_what_parts_may_rule(home, part, at_console):
    page = f"{home.path}/console/organizations/{part.key}"
    at_console.open(page)
    assert at_console.words.count("Rules of this part can be stricter than those above it.") == 5
    assert "Password rules" not in at_console.words
    at_console.submit(inactive_days="400", press="Save")
    assert (at_console.status, "Only a smaller number changes something." in at_console.words) == (422, True)
    let_rule(at_console, home, "passwords", "life")
    assert "Passwords, Life of accounts" in at_console.words
    at_console.open(page).submit(password="l5b", inactive_days="400", email_factor="", press="Save")
    assert "Own rules: Password rules, Days without sign-in" in at_console.words
    assert stored(home, Organization, id=part.id)[0].policy_overrides == {"password": "l5b", "inactive_days": 400}
    # Taken back by the main organization, they wait: what no field shows is kept, and counts no more.
    let_rule(at_console, home, "life")
    at_console.open(page).submit(inactive_days="100", press="Save")
    assert stored(home, Organization, id=part.id)[0].policy_overrides == {"password": "l5b", "inactive_days": 100}
    assert "Password rules" not in at_console.words


def test_t8_password_rules_of_a_part_hold_for_its_people_alone(app, home, part):
    free(home, "passwords")
    ruled(home, part, password="l5b")
    for organization, words in ((part.id, "At most 16 characters"), (home.root, "At least 8 characters")):
        token = f"token-{organization}"
        ada = factories.account(home, state="invited", with_password=False, is_local_enabled=True, organization_id=organization)
        factories.invitation(home, token, ada.id)
        browser = Browser(app).open(f"{home.path}/activate/{token}").submit(press="Start")
        assert words in browser.words
        assert ("At most 16 characters" in browser.words) == (organization == part.id)


def test_t8_trust_in_a_device_is_that_of_the_part(app, home, part):
    free(home, "factors")
    ruled(home, part, trusted_device_days=30)
    for organization, is_offered in ((part.id, True), (home.root, False)):
        ada = factories.account(home, organization_id=organization)
        browser = Browser(app).open(f"{home.path}/sign-in").submit(email=ada.email)
        assert ("trust" in browser.submit(password=ada.password).page.forms[-1].fields) is is_offered


@pytest.mark.parametrize(
    ("whole", "own", "is_told_of_unknown", "is_told_of_part"),
    [(True, None, True, True), (True, False, False, False), (False, True, False, True), (False, None, False, False)],
    ids=["all tell", "the part tells nothing", "the part alone tells", "nobody tells"],
)
def test_lc04_part_that_tells_nothing_is_not_known_by_that(app, home, part, whole, own, is_told_of_unknown, is_told_of_part):
    free(home, "disclosure", discloses_account_state=whole)
    ruled(home, part, **({} if own is None else {"discloses_account_state": own}))
    theirs = factories.account(home, state="disabled", organization_id=part.id)
    for email, is_told in ((f"nobody@{home.domain}", is_told_of_unknown), (theirs.email, is_told_of_part)):
        browser = Browser(app).open(f"{home.path}/sign-in").submit(email=email)
        assert ('type="password"' not in browser.text) is is_told, (email, browser.words)


def test_t10_contacts_of_a_part_are_shown_to_its_people(app, home, part, at_console):
    below = home.add(Organization(id="org_b", key="below", name="Below", parent_id=part.id))
    at_console.open(f"{home.path}/console/organizations/{part.key}")
    assert f"It has none of its own. Its people see these: Desk {home.canary}" in at_console.words
    at_console.follow("Add a contact").submit(label="Studio desk", phone="+32 2 555 01 00", press="Save")
    assert stored(home, Contact, label="Studio desk")[0].organization_id == part.id
    at_console.open(f"{home.path}/console/organizations/below")
    assert "Its people see these: Studio desk" in at_console.words
    steps.notice(home)
    known, desks = {}, ("Studio desk", f"Desk {home.canary}")
    for name, organization in (("part", part.id), ("below", below.id), ("root", home.root)):
        ada = factories.account(home, organization_id=organization)
        browser = Browser(app).open(f"{home.path}/sign-in")
        assert {"Studio desk", f"Desk {home.canary}"} <= {
            one for one in ("Studio desk", f"Desk {home.canary}") if one in browser.words
        }
        browser.submit(email=ada.email).submit(password=ada.password)
        with app.app_context():
            mail = write(letter(home, "test", ada.email), Words("S", "H", "L")).text
        known[name] = tuple((said in browser.words, said in mail) for said in desks)
    assert known == {
        "part": ((True, True), (False, False)),
        "below": ((True, True), (False, False)),
        "root": ((False, False), (True, True)),
    }


def test_t8_password_rules_that_come_down_to_a_part_fit_there(home, part, at_console):
    """As those of the whole have to: what contradicts itself is refused with the part's name, what is weak is told (T9)."""
    free(home, "factors", "passwords", password_rules={"max_length": 12})
    page, rules = f"{home.path}/console/organizations/{part.key}", f"{home.path}/console/policies/passwords"
    fault = f"{part.name}: password_rules: max_length must be at least 19"
    at_console.open(page).submit(email_factor="on", press="Save")
    assert (at_console.status, fault in at_console.words) == (
        409,
        True,
    )
    assert stored(home, Organization, id=part.id)[0].policy_overrides == {}
    at_console.open(page).submit(password="l5b", email_factor="on", press="Save")
    assert stored(home, Organization, id=part.id)[0].policy_overrides == {"password": "l5b", "email_factor": True}
    weak = "8 characters are enough beside a mailed code: NIST 63B-4 asks for 15 there."
    assert weak in at_console.open(page).words
    assert f"{part.name}: {weak}" in at_console.open(f"{home.path}/console/policies").words
    (event,) = [one for one in steps.events(home, Event.CONFIGURATION_CHANGED) if one.detail["path"].endswith(part.key)]
    assert event.detail[f"after deviates: min_length ({part.key})"] == f"{part.name}: {weak}"
    # And when it is the whole that changes: the part's own preset had no need of these.
    free(home, "factors", "passwords")
    ruled(home, part, email_factor=True)
    at_console.open(rules).submit(max_length="12", press="Save")
    assert (at_console.status, fault in at_console.words) == (
        422,
        True,
    )
    assert "password_rules" not in stored(home, TenantSettings)[0].policy
    at_console.open(rules).submit(min_length_alone="8", press="Save")
    assert f"{part.name}: {weak}" in at_console.words
    (event,) = [one for one in steps.events(home, Event.CONFIGURATION_CHANGED) if one.detail["path"] == "policy"]
    assert event.detail[f"after deviates: min_length ({part.key})"] == f"{part.name}: {weak}"


def test_t8_who_would_be_switched_off_tonight_is_counted_by_the_rules_of_their_part(home, part, at_console):
    """As for the whole: asked about first, in numbers, where it is the part's rules that change and where the whole's do."""
    free(home, "life")
    page, whole = f"{home.path}/console/organizations/{part.key}", f"{home.path}/console/policies/life"
    long_ago = home.now - timedelta(days=150)
    for place in (part.id, part.id, home.root):
        factories.account(home, organization_id=place, created_at=long_ago, last_login_at=long_ago)
    factories.account(home, organization_id=part.id, state="invited", created_at=home.now - timedelta(days=20))
    at_console.open(page).submit(inactive_days="100", activation_days="10", press="Save")
    for told in ("not signed in for 100 days: 2. They are switched off", "older than 10 days: 1. They run out tonight."):
        assert told in at_console.words
    assert stored(home, Organization, id=part.id)[0].policy_overrides == {}
    at_console.submit(press="Save, and switch them off tonight")
    assert stored(home, Organization, id=part.id)[0].policy_overrides == {"inactive_days": 100, "activation_days": 10}
    at_console.open(whole).submit(inactive_days="120", press="Save")
    assert "not signed in for 120 days: 1. They are switched off tonight." in at_console.words
    # A part that keeps its people longer loses that with the right to it.
    ruled(home, part, inactive_days=400)
    at_console.open(f"{home.path}/console/policies/parts")
    fields = at_console.page.forms[-1].fields
    at_console.post(at_console.url, {name: fields[name].value for name in ("csrf_token", "seen")})
    assert "Saved." in at_console.words
    free(home, "life", inactive_days=120)
    at_console.open(f"{home.path}/console/policies/parts")
    fields = at_console.page.forms[-1].fields
    at_console.post(at_console.url, {name: fields[name].value for name in ("csrf_token", "seen")})
    assert "not signed in for 120 days: 2. They are switched off tonight." in at_console.words


def test_t8_moving_somebody_to_where_tonights_job_ends_them_is_asked_about_first(home, part, at_console):
    """As a change of the part's rules is; who would end tonight anyway, or stays, is moved at once."""
    free(home, "life", inactive_days=200)
    ruled(home, part, inactive_days=90, activation_days=10)
    ago = [home.now - timedelta(days=days) for days in (20, 150, 300)]
    asked = (
        (ago[0], {"state": "invited"}, "an invitation is good for 10 days, and this one is older. It runs out tonight."),
        (ago[1], {}, "who has not signed in for 90 days is switched off, and this person has not. It is done tonight."),
        (ago[1], {"role": "helpdesk"}, "who has not signed in for 90 days is switched off"),
        (ago[2], {}, ""),
        (home.now, {}, ""),
    )
    for then, values, sentence in asked:
        used = {} if values.get("state") else {"activated_at": then, "last_login_at": then}
        one = factories.account(home, **({"created_at": then, "activated_at": None} | used | values))
        at_console.open(f"{home.path}/console/users/{one.id}/edit").submit(organization=part.id, press="Save")
        if sentence:
            assert f"In {part.name} {sentence}" in at_console.words, values
            assert stored(home, Account, id=one.id)[0].organization_id == home.root
            at_console.submit(press="Save, and switch them off tonight")
        assert "Saved." in at_console.words, values
        assert stored(home, Account, id=one.id)[0].organization_id == part.id


def test_ac06_last_admin_is_kept_by_tonights_job_and_moves_unasked(home, part, browser):
    free(home, "life")
    ruled(home, part, inactive_days=90)
    long_ago = home.now - timedelta(days=150)
    owner = factories.account(home, role="owner", last_login_at=long_ago, activated_at=long_ago, created_at=long_ago)
    as_admin(browser, home, owner).open(f"{home.path}/console/users/{owner.id}/edit").submit(organization=part.id, press="Save")
    assert stored(home, Account, id=owner.id)[0].organization_id == part.id
