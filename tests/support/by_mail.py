"""First login and reset, as a person walks them; `flow` is `first-login` or `reset`.

ask(browser, home, ada.email)                 # a code is on its way
prove_address(post, browser, home, ada.email) # ... and was typed
"""

from tenants.throttles import Limit, Throttle
from tests.browser import Browser
from tests.factories import Home, Someone
from tests.support import steps
from tests.support.mails import code_in
from tests.support.posted import Posted

FLOWS = ("first-login", "reset")
WRONG = "000000"


def exhaust(home: Home, key: str, limit: Limit) -> None:
    """This counter is used up until its window ends."""
    end = home.now + limit.window
    home.add(Throttle(id=key, tries=limit.cap, last_try_at=home.now, window_ends_at=end))


def ask(browser: Browser, home: Home, email: str, flow: str = "reset") -> Browser:
    """Have a code sent."""
    browser.open(f"{home.path}/{flow}")
    return browser.submit(email=email)


def newest_code(post: Posted, email: str) -> str:
    """What the newest mail brought. Several that waited together come in any order: the clock stands still."""
    return code_in(post.mails_to(email)[-1])


def wrong_code(right: str) -> str:
    """Another one."""
    return f"{(int(right) + 1) % 10**6:06}"


def prove_address(post: Posted, browser: Browser, home: Home, email: str, flow: str = "reset") -> Browser:
    """Ask for a code, and type it."""
    ask(browser, home, email, flow)
    assert browser.path == f"{home.path}/{flow}/code", browser
    return browser.submit(code=newest_code(post, email))


def choose(browser: Browser, password: str = steps.CHOSEN) -> Browser:
    """A new password, twice."""
    return browser.submit(new_password=password, repeat_password=password)


def enrol(browser: Browser, home: Home, email: str, account_id: str = "") -> Someone:
    """Set up the app that the page shows, and go past the recovery codes: who this is now."""
    someone = Someone(account_id, email, steps.CHOSEN, steps.seed_on(browser))
    steps.prove_app(browser, someone.code(home.now))
    return someone


def app_code(browser: Browser, home: Home) -> str:
    """What the app would show that the page sets up."""
    return Someone("", "", "", steps.seed_on(browser)).code(home.now)
