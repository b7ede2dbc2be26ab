"""The back door as an admin goes through it."""

from tests.browser import Browser
from tests.factories import Home, Someone
from tests.support.steps import fresh_code

SECRET = "the-secret-path-of-the-door-in-tests-0123456"


def go_through(browser: Browser, home: Home, who: Someone, secret: str = SECRET, **instead: str) -> Browser:
    """Open the door's page and send address, password and a fresh code; `instead` by field."""
    browser.open(f"{home.path}/door/{secret}")
    values = {"email": who.email, "password": who.password, "code": fresh_code(home, who)} | instead
    return browser.submit(values)
