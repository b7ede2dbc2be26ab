"""axe-core on a page."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import axe_playwright_python
from playwright.sync_api import Browser, Page

_AXE = Path(axe_playwright_python.__file__).with_name("axe.min.js").read_text(encoding="utf-8")
_RULES: dict[str, dict[str, Any]] = {
    "light": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]},
    # Dark changes colours and nothing else.
    "dark": {"type": "rule", "values": ["color-contrast"]},
}
# A colour that is on its way to another is nobody's. What axe finds in order is long, and stays in the browser.
_RUN = """
async rules => {
    await Promise.allSettled(document.getAnimations().map(one => one.finished))
    const {violations} = await axe.run({runOnly: rules, resultTypes: ["violations"]})
    return violations.map(({id, nodes}) => [id, nodes.map(node => node.html)])
}"""
_WRITE = """
async html => {
    document.open()
    document.write(html)
    const loaded = new Promise(done => addEventListener("load", done))
    document.close()
    await loaded
}"""
Found = list[list[Any]]
"""What breaks WCAG 2.2 AA or good practice: the rule, and the elements."""


def violations(page: Page) -> Found:
    """Of a page as it is shown, in light colours."""
    page.evaluate(_AXE)
    return page.evaluate(_RUN, _RULES["light"])


@contextmanager
def opened_glass(chromium: Browser, beside: str, **options: Any) -> Iterator[Callable[[str], Found]]:
    """Gives `look(html)`: what is wrong with a page, in light and in dark. What the page refers to is found as `beside` it is.

    All are written into one window: a browser that begins anew takes longer to learn axe than to run it.
    """
    context = chromium.new_context(reduced_motion="reduce", **options)
    page = context.new_page()
    page.goto(beside)
    page.evaluate(_AXE)

    def look(html: str) -> Found:
        page.emulate_media(color_scheme="light")
        page.evaluate(_WRITE, html)
        found = page.evaluate(_RUN, _RULES["light"])
        page.emulate_media(color_scheme="dark")
        return found + page.evaluate(_RUN, _RULES["dark"])

    yield look
    context.close()
