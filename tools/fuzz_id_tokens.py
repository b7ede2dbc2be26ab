"""Forged ID tokens, as many as wanted: `make fuzz N=100000 SEED=7`.

Ends with 1 where one is taken, or ends in anything but a refusal; that one is kept.
"""

import sys
import time
from collections import Counter
from pathlib import Path

from tests.attacks.forged.id_tokens import Forger
from tests.attacks.forged.token_faults import FAULTS

FOLDER = Path(__file__).parent.parent / "var" / "fuzz"
_EVERY = 20_000


def main(arguments: list[str]) -> int:
    count, seed = int(arguments[0]), int(arguments[1])
    words: Counter[str] = Counter()
    begun = time.perf_counter()
    for number, outcome in enumerate(Forger(seed).run(count), 1):
        words[outcome.word or ""] += 1
        if outcome.wrong:
            FOLDER.mkdir(parents=True, exist_ok=True)
            kept = FOLDER / f"{seed}-{number}.jwt"
            kept.write_text(outcome.token, encoding="utf-8")
            print(f"Token {number} of seed {seed} {outcome.wrong}: {', '.join(outcome.faults)}.")
            print(f"It is in {kept.relative_to(FOLDER.parent.parent)}.")
            return 1
        if number % _EVERY == 0:
            print(f"{number} …", file=sys.stderr, flush=True)
    for word, found in words.most_common():
        print(f"{found:8} {word}")
    rate = count / (time.perf_counter() - begun)
    print(f"{count} ID tokens of seed {seed} with {len(FAULTS)} faults, {rate:.0f} a second. None was taken.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
