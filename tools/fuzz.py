"""Mutants of good SAML responses, as many as wanted: `make fuzz N=100000 SEED=7`.

Ends with 1 where one is taken for what the provider did not say, or ends in anything but a refusal; that one is kept.
"""

import sys
import time
from collections import Counter
from pathlib import Path

from tests.attacks.forged.mutation import Mutator

FOLDER = Path(__file__).parent.parent / "var" / "fuzz"
_EVERY = 5000


def main(arguments: list[str]) -> int:
    count, seed = int(arguments[0]), int(arguments[1])
    words: Counter[str] = Counter()
    slowest, begun = 0.0, time.perf_counter()
    for number, outcome in enumerate(Mutator(seed).run(count), 1):
        words[outcome.word or "taken for what it was"] += 1
        slowest = max(slowest, outcome.seconds)
        if outcome.wrong:
            FOLDER.mkdir(parents=True, exist_ok=True)
            kept = FOLDER / f"{seed}-{number}.xml"
            kept.write_bytes(outcome.mutant)
            print(f"Mutant {number} of seed {seed} {outcome.wrong}. It is in {kept.relative_to(FOLDER.parent.parent)}.")
            return 1
        if number % _EVERY == 0:
            print(f"{number} …", file=sys.stderr, flush=True)
    for word, found in words.most_common():
        print(f"{found:8} {word}")
    rate = count / (time.perf_counter() - begun)
    print(f"{count} mutants of seed {seed}, {rate:.0f} a second; the slowest took {slowest * 1000:.0f} ms of CPU. None got in.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
