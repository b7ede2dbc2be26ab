"""Many pages at once as a small phone shows them: each begins anew, and no window has to be made narrow and wide again."""

from collections.abc import Iterator
from dataclasses import dataclass

from playwright.sync_api import Page

WIDTH = 320
"""CSS pixels that are there."""
_AT_ONCE = 12
_SHOW = """
([width, kind, pages]) => Promise.all(pages.map(page => new Promise(done => {
    const frame = document.createElement("iframe")
    frame.width = width
    frame.height = 2 * width
    frame.style.border = 0
    frame.onload = () => {
        const {innerWidth, document: {documentElement, title}} = frame.contentWindow
        done([title, innerWidth, documentElement.scrollWidth])
    }
    frame[kind] = page
    document.body.append(frame)
}))).then(shown => {
    document.body.replaceChildren()
    return shown
})"""


@dataclass(frozen=True)
class Shown:
    """A page that a frame has shown: what it may take of the width, and what it takes."""

    title: str
    room: int
    taken: int

    @property
    def fits(self) -> bool:
        return bool(self.title) and self.taken <= self.room == WIDTH


def shown_in_frames(page: Page, pages: list[str], *, as_text: bool = False) -> Iterator[Shown]:
    """Each of `pages` (addresses of the place where `page` is, or whole documents), in their order."""
    for start in range(0, len(pages), _AT_ONCE):
        some = pages[start : start + _AT_ONCE]
        for found in page.evaluate(_SHOW, [WIDTH, "srcdoc" if as_text else "src", some]):
            yield Shown(*found)
