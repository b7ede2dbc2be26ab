"""What the fuzzers have in common: try forgeries, stop at the first that is taken, and say what became of the others."""

import sys
import time
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

FOLDER = Path(__file__).parent.parent / "var" / "fuzz"
_EVERY = 10_000


class Tried(NamedTuple):
    """One forgery: the word that it was refused with, and what must not have happened, if it did."""

    word: str
    wrong: str
    forged: bytes


def try_all(tried: Iterable[Tried], seed: int, suffix: str) -> float | None:
    """Prints how often each word came. Forgeries a second; None where one went wrong, which is kept and named."""
    words: Counter[str] = Counter()
    begun = time.perf_counter()
    for number, one in enumerate(tried, 1):
        words[one.word] += 1
        if one.wrong:
            FOLDER.mkdir(parents=True, exist_ok=True)
            kept = FOLDER / f"{seed}-{number}.{suffix}"
            kept.write_bytes(one.forged)
            print(f"Number {number} of seed {seed} {one.wrong}. It is in {kept.relative_to(FOLDER.parent.parent)}.")
            return None
        if number % _EVERY == 0:
            print(f"{number} …", file=sys.stderr, flush=True)
    for word, found in words.most_common():
        print(f"{found:8} {word}")
    return words.total() / (time.perf_counter() - begun)
