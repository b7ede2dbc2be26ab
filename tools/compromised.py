"""Makes the list of compromised passwords: `.venv/bin/python -m tools.compromised WORDLIST…` (docs/operating.md).

Word lists are text in UTF-8, a password a line; lines that are no text are left out. The file that the product looks
into is replaced.
"""

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from tenants.compromised import FILE, WIDTH, table_of
from tenants.passwords import PasswordError, normalise_password


def passwords_of(lists: Iterable[Path]) -> Iterator[str]:
    """Every line that could be a password, as a password is compared."""
    for path in lists:
        with path.open("rb") as lines:
            for line in lines:
                try:
                    yield normalise_password(line.rstrip(b"\r\n").decode())
                except (UnicodeDecodeError, PasswordError):
                    continue


def write(lists: Iterable[Path], target: Path = FILE) -> int:
    """Write the file; how many passwords it holds."""
    table = table_of(passwords_of(lists))
    target.write_bytes(table)
    return len(table) // WIDTH


if __name__ == "__main__":
    if not sys.argv[1:]:
        raise SystemExit("Name one or more word lists, a password a line.")
    print(f"{write(map(Path, sys.argv[1:])):,} passwords in {FILE.name}")
