"""Promises of the repository itself: what may be written into it, and the commands it offers."""

import ast
import os
import re
import subprocess
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
LOCKS = ("requirements.lock", "requirements-dev.lock")
# Folders that say nothing about one machine.
EVERYBODYS_PLACES = {"/", "/app", "/builds", "/home", "/opt", "/root", "/src", "/srv", "/tmp"}
LONGEST_FILE, LONGEST_FUNCTION = 300, 40
PINNED = re.compile(r"^([a-z0-9][a-z0-9.-]*)==(\S+)")
# Engines, connections, cursors and bulk helpers: only these touch them (design.md, section 1, rule 6).
DATABASE_MODULES = {"tenants/db.py", "tenants/engine.py", "tenants/prepared.py"}
RAW = {
    "cursor",
    "exec_driver_sql",
    "raw_connection",
    "connection",
    "bulk_save_objects",
    "bulk_insert_mappings",
    "from_statement",
}


def own_files(*patterns: str) -> list[Path]:
    """What git holds or would take in."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "--", *patterns]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    return sorted({ROOT / name for name in listed if (ROOT / name).is_file()})


def product_sources() -> list[Path]:
    return [path for path in own_files("tenants/*.py", "broker/*.py") if "migrations" not in path.parts]


def pins(lock: str) -> dict[str, str]:
    lines = (ROOT / lock).read_text(encoding="utf-8").splitlines()
    return dict(match.groups() for line in lines if (match := PINNED.match(line)))


@pytest.mark.parametrize("lock", LOCKS)
def test_lock_files_pin_every_package_by_hash_and_name_no_address(lock: str) -> None:
    text = (ROOT / lock).read_text(encoding="utf-8")
    assert "://" not in text
    assert not re.search(r"^\s*(--(extra-)?index|--find-links|-f |-i |-e )", text, re.MULTILINE)
    entries = re.split(r"^(?=[a-z0-9])", text, flags=re.MULTILINE)[1:]
    assert entries
    assert [entry for entry in entries if not PINNED.match(entry) or "--hash=sha256:" not in entry] == []


def test_development_has_what_production_has() -> None:
    development = pins("requirements-dev.lock")
    assert {name: version for name, version in pins("requirements.lock").items() if development[name] != version} == {}


def test_no_file_names_this_machine() -> None:
    places = {str(ROOT), str(ROOT.parent), str(Path.home())} - EVERYBODYS_PLACES
    pattern = re.compile("|".join(f"(?<![\\w.]){re.escape(place)}/" for place in places).encode())
    named = {str(path.relative_to(ROOT)) for path in own_files() if pattern.search(path.read_bytes())}
    assert named == set()


def test_every_target_says_what_it_makes() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    phony = set(re.findall(r"^\.PHONY: (\S+)$", makefile, re.MULTILINE))
    documented = set(re.findall(r"^([a-z-]+):.*## \S", makefile, re.MULTILINE))
    assert phony - documented == {"needs"}
    environment = {key: value for key, value in os.environ.items() if not key.startswith("MAKE")}
    command = ["make", "--no-print-directory"]
    shown = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True).stdout
    assert {name for name in documented if f"make {name} " in shown} == documented


def test_the_pipeline_runs_make_test() -> None:
    pipeline = ROOT / ".ci" / "run"
    assert os.access(pipeline, os.X_OK)
    assert pipeline.read_text(encoding="utf-8").rstrip().splitlines()[-1] == "exec make test"


def test_pre_commit_runs_what_make_lint_runs() -> None:
    hooks = (ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8")
    recipe = (ROOT / "Makefile").read_text(encoding="utf-8").split("\nlint:")[1].split("\n\n")[0]
    tools = re.findall(r"^\t\$\(BIN\)/([a-z-]+(?: (?:check|format))?)", recipe, re.MULTILINE)
    assert len(tools) == 4
    assert [tool for tool in tools if f"entry: .venv/bin/{tool}" not in hooks] == []
    assert "repo: local" in hooks
    assert "http" not in hooks


def test_no_two_files_of_tests_have_one_name() -> None:
    """pytest would find the first of them, and end before any test has run."""
    names = Counter(path.name for path in own_files("tests/**/test_*.py", "tests/test_*.py"))
    assert [name for name, times in names.items() if times > 1] == []


def test_files_stay_short() -> None:
    lengths = {str(path.relative_to(ROOT)): len(path.read_bytes().splitlines()) for path in product_sources()}
    assert {name: length for name, length in lengths.items() if length > LONGEST_FILE} == {}


def test_functions_stay_short() -> None:
    long = {}
    for path in product_sources():
        for node in ast.walk(ast.parse(path.read_bytes())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                length = node.end_lineno - node.lineno + 1
                if length > LONGEST_FUNCTION:
                    long[f"{path.relative_to(ROOT)}:{node.name}"] = length
    assert long == {}


def test_only_the_database_modules_touch_connections() -> None:
    touched = set()
    for path in product_sources():
        for node in ast.walk(ast.parse(path.read_bytes())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in RAW:
                touched.add(str(path.relative_to(ROOT)))
    assert touched <= DATABASE_MODULES


def test_no_test_is_skipped_or_expected_to_fail() -> None:
    skipping = re.compile(r"pytest\.(mark\.)?(skip|skipif|xfail|importorskip)\b|@unittest\.skip")
    skipped = [path for path in own_files("tests/*.py") if skipping.search(path.read_text(encoding="utf-8"))]
    assert [path for path in skipped if path != Path(__file__).resolve()] == []
