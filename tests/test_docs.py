"""What the pages promise: links lead somewhere, every page is reachable, every requirement and kind has its place."""

import re
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from broker.upstream import KINDS
from tests.test_repository import ROOT, own_files

REQUIREMENTS = (
    *(f"T{number}" for number in range(1, 11)),
    *(f"R{number}" for number in range(1, 9)),
    *(f"U{number}" for number in range(1, 9)),
    *(f"L{number}" for number in range(1, 11)),
    *(f"A{number}" for number in range(1, 6)),
    *(f"C{number}" for number in range(1, 8)),
    *(f"S{number}" for number in range(1, 5)),
    "E",
)
STATES = re.compile(r"works|partly: .+ Not yet: .+|partly: [^.]+|not yet(; .+)?")
FENCED = re.compile(r"^( *)```.*?^\1```", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
FEATURES = re.compile(r"<!-- features -->\n(.*?)<!-- end -->", re.DOTALL)

PAGES = [path.relative_to(ROOT) for path in own_files("*.md")]
every_page = pytest.mark.parametrize("page", PAGES, ids=str)


def prose_of(page: Path) -> str:
    return FENCED.sub("", (ROOT / page).read_text(encoding="utf-8"))


def anchors_of(page: Path) -> set[str]:
    """How a heading is addressed: small letters, hyphens for spaces, no other signs."""
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in HEADING.findall(prose_of(page))}


def links_of(page: Path) -> list[tuple[Path, str]]:
    """Files of this repository that a page links to, with the anchor; the page itself for a bare anchor."""
    found = []
    for link in LINK.findall(prose_of(page)):
        parts = urlsplit(link)
        if not parts.scheme:
            target = (ROOT / page).parent / unquote(parts.path) if parts.path else ROOT / page
            found.append((target.resolve(), parts.fragment))
    return found


def feature_rows() -> list[tuple[str, str, str]]:
    """The feature table: id, what, state."""
    (table,) = FEATURES.findall((ROOT / "README.md").read_text(encoding="utf-8"))
    rows = [tuple(cell.strip() for cell in line.strip("|").split("|")) for line in table.splitlines()[2:]]
    return [(name, what, state) for name, what, state in rows]


@every_page
def test_links_lead_to_something(page: Path) -> None:
    broken = [
        f"{target.name}#{anchor}"
        for target, anchor in links_of(page)
        if not target.is_file() or (anchor and anchor not in anchors_of(target.relative_to(ROOT)))
    ]
    assert broken == []


def test_links_stay_in_the_repository() -> None:
    outside = {str(target) for page in PAGES for target, _ in links_of(page) if not target.is_relative_to(ROOT)}
    assert outside == set()


def test_every_file_of_the_documentation_is_linked() -> None:
    linked = {target for page in PAGES for target, _ in links_of(page) if target != ROOT / page}
    assert [str(path.relative_to(ROOT)) for path in own_files("docs/*") if path not in linked] == []


def test_readme_knows_every_requirement() -> None:
    assert tuple(name for name, _, _ in feature_rows()) == REQUIREMENTS


def test_readme_says_of_each_requirement_what_works() -> None:
    assert [name for name, _, state in feature_rows() if not STATES.fullmatch(state)] == []


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_a_page_that_knows_its_options(kind: str) -> None:
    page = (ROOT / "docs" / "providers" / f"{kind}.md").read_text(encoding="utf-8")
    assert f'kind = "{kind}"' in page
    assert [name for name in KINDS[kind].options_type.model_fields if f"`{name}`" not in page] == []
    assert "{T}" + KINDS[kind].returning.path.partition("{key}")[0] in page
