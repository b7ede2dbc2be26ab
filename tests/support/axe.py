"""axe-core on a page."""

from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

_RULES: dict[str, dict[str, Any]] = {
    "light": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]},
    # Dark changes colours and nothing else.
    "dark": {"type": "rule", "values": ["color-contrast"]},
}


def violations(page: Page, scheme: str) -> list[tuple[str, list[str]]]:
    """What breaks WCAG 2.2 AA or good practice, with the elements; `scheme` is the one that the page is shown in."""
    # A colour that is on its way to another is nobody's.
    page.evaluate("() => Promise.allSettled(document.getAnimations().map((one) => one.finished))")
    axe = Axe("") if page.evaluate("'axe' in window") else Axe()  # to read it takes half of the time
    options = {"runOnly": _RULES[scheme], "resultTypes": ["violations"]}
    found = axe.run(page, options=options).response["violations"]
    return [(rule["id"], [node["html"] for node in rule["nodes"]]) for rule in found]
