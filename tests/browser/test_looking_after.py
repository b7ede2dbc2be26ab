"""The console in a real browser: a sheet goes out and comes back, emergency access is tried, e-mail and password go and
come back, and an admin of one organization keeps to it."""

from pathlib import Path

import openpyxl
from playwright.sync_api import Page

from tenants.accounts import Account
from tenants.credentials import Credential
from tests import factories
from tests.factories import Home, Someone
from tests.support import rows, steps
from tests.support.console_world import PHONE, Hand, World
from tests.support.mails import code_in
from tests.support.rows import stored
from tests.support.steps import CHOSEN


def test_people_go_out_as_a_sheet_and_come_back_changed(world: World, tmp_path: Path) -> None:
    home = world.home()
    boss, ida = factories.account(home, role="owner", name="Boss"), factories.account(home, name="Ida", with_password=False)
    hand = world.admin(home, boss)
    hand.link("Users").sees("Ida")
    with hand.page.expect_download() as download:
        hand.button("Export")
    file = tmp_path / download.value.suggested_filename
    download.value.save_as(file)
    book = openpyxl.load_workbook(file)
    (sheet,) = book.worksheets
    (line,) = [row for row in sheet.iter_rows(min_row=2) if row[0].value == ida.email]
    line[1].value = "Ida Stone"
    sheet.append([f"new@{home.domain}", "New Person", "", "Y", "2099-12-31"])
    book.save(file)

    hand.link("Import")
    hand.page.set_input_files("#file", file)
    hand.button("Look at what it does").sees(file.name)
    assert "1 new 1 changed 1 as they are 0 not possible" in hand.words
    hand.button("Write all 2 rows").sees("1 account was added. 1 was changed.")
    hand.link("Users").sees("Ida Stone").sees("New Person")
    assert len(hand.presses) == 6, hand.presses


def test_emergency_access_is_tried_and_e_mail_and_password_go_and_come_back(world: World) -> None:
    home = world.home()
    boss = factories.account(home, role="owner", name="Boss")
    tom, mia = (factories.account(home, f"{name}@{home.domain}", name=name.title()) for name in ("tom", "mia"))
    way = steps.oidc_way(home, world.oidc)
    factories.identity(home, mia.id, way.row.id, issuer=way.idp.issuer, subject="mia")
    steps.notice(home)

    hand, at_door = world.admin(home, boss), world.window()
    hand.link("Emergency access").button("Open it").sees("The new address of emergency access")
    address = hand.shown("secret-address")
    holder = set_up_door(
        at_door, hand.button("Mark, and make a link").sees("Hand this link over").shown("secret-address"), home
    )
    hand.link("Emergency access").sees("Never tried")
    drill(at_door, address, home, boss, holder)
    hand.link("Emergency access").sees("Proven")
    assert "Try it" not in hand.words

    inside = Hand(at_door)
    switch_off(inside)
    assert stored(home, Credential) == []
    page = world.window(PHONE)
    steps.notice(home)
    page.goto(f"{home.path}/sign-in")
    assert page.locator("#password").count() == 0
    inside.link("Switch on…").button("Switch on").sees("Saved.")
    assert len(inside.presses) == 5, inside.presses
    steps.notice(home)
    come_back(world, page, home, tom)


def set_up_door(page: Page, link: str, home: Home) -> Someone:
    """What whoever was marked does with the link."""
    page.goto(link)
    page.get_by_role("button", name="Start").click()
    choose_password(page)
    return enrol(page, home, "Emergency access is set up")


def choose_password(page: Page) -> None:
    page.fill("#new_password", CHOSEN)
    page.fill("#repeat_password", CHOSEN)
    page.keyboard.press("Enter")


def enrol(page: Page, home: Home, then: str) -> Someone:
    """The app's first code, to the page that follows."""
    page.locator("#secret").wait_for()
    made = Someone("", "", CHOSEN, page.get_attribute("#secret", "data-value") or "")
    page.fill("#code", made.code(home.now))
    page.keyboard.press("Enter")
    page.get_by_role("heading", name=then).wait_for()
    return made


def drill(page: Page, address: str, home: Home, who: Someone, holder: Someone) -> None:
    page.goto(address)
    page.fill("#email", who.email)
    page.fill("#password", CHOSEN)
    page.fill("#code", steps.fresh_code(home, holder))
    page.keyboard.press("Enter")
    page.get_by_text("You’re here by emergency access").wait_for()


def switch_off(hand: Hand) -> None:
    """With the number that the page shows, and no other."""
    hand.link("Policies").link("Switch off…").sees("This deletes the passwords and second factors of 3 people")
    assert "2 of them have no other way to sign in." in hand.words
    hand.paste(typed="3").button("Switch off and delete the credentials of 3 people").sees("Saved.")


def come_back(world: World, page: Page, home: Home, tom: Someone) -> None:
    """The password of before is nobody's any more. A new one is set by a code that comes by mail."""
    page.goto(f"{home.path}/sign-in")
    page.fill("#email", tom.email)
    page.keyboard.press("Enter")
    page.fill("#password", tom.password)
    page.keyboard.press("Enter")
    page.locator("#password-error").wait_for()
    page.get_by_role("link", name="First time here?").click()
    page.get_by_role("button", name="Send code").click()
    page.locator("#code").wait_for()
    page.fill("#code", code_in(world.post.mails_to(tom.email)[-1]))
    page.keyboard.press("Enter")
    choose_password(page)
    enrol(page, home, "Save your recovery codes")
    page.get_by_role("link", name="I have saved them").click()
    page.get_by_role("link", name="Continue").click()
    page.get_by_role("heading", name="Your applications").wait_for()


def test_admin_of_one_organization_sees_and_changes_only_its_people(world: World) -> None:
    home = world.home()
    docks = rows.organization(home)
    boss = factories.account(home, role="owner", name="Boss")
    lea = factories.account(home, f"lea@{home.domain}", name="Lea", organization_id=docks.id)
    ben = factories.account(home, name="Ben", organization_id=docks.id)
    tom = factories.account(home, name="Tom")
    hand = world.admin(home, boss)
    hand.link("Admins").link("Give somebody a role").paste(email=lea.email).choose("role", "admin").choose("part", docks.id)
    hand.button("Save").sees(lea.email)
    assert len(hand.presses) == 5, hand.presses

    theirs = world.admin(home, lea, PHONE)
    theirs.button("Menu")
    assert set(theirs.page.get_by_role("navigation").get_by_role("link").all_inner_texts()) >= {"Users", "Audit log"}
    assert theirs.page.get_by_role("link", name="Connections").count() == 0
    theirs.link("Users").sees("Ben")
    assert "Tom" not in theirs.words
    theirs.link("Ben").link("Edit").paste(name="Benno").button("Save").sees("Benno")
    refusal = theirs.page.goto(f"{home.path}/console/users/{tom.id}")
    assert refusal is not None
    assert refusal.status == 404
    refusal = theirs.page.goto(f"{home.path}/console/policies")
    assert refusal is not None
    assert refusal.status == 403
    assert account_names(home) == {"Boss", "Lea", "Benno", "Tom"}
    assert ben.email not in theirs.words


def account_names(home: Home) -> set[str]:
    return {row.name for row in stored(home, Account)}
