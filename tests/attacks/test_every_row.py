"""Each attack on signing in by an identity provider has a test that carries its number in its name."""

import re
from pathlib import Path

from tests.attacks.forged import VARIANTS

ROWS = {"su": 26, "ou": 22, "rt": 10}
_NAME = re.compile(r"def test_((?:su|ou|rt)\d\d)_")


def test_every_attack_by_way_of_a_provider_or_a_domain_has_a_test():
    """Forged responses are a list of variants, which have theirs in their names."""
    texts = [file.read_text(encoding="utf-8") for file in Path(__file__).parents[1].rglob("test_*.py")]
    found = {number for text in texts for number in _NAME.findall(text)} | {variant.attack for variant in VARIANTS}
    wanted = {f"{group}{number:02}" for group, count in ROWS.items() for number in range(1, count + 1)}
    assert sorted(wanted - found) == []
