"""The house keeps its own rules of size and naming (STYLE: split at 400 lines, a module's name is unique)."""

from collections import Counter

from conftest import ROOT

ROOMS = ("nlp", "corpora", "training", "serving", "benchmarks")
# Names that several rooms rightly share, with their reason: `python -m benchmarks.queries` measures `serving.queries`.
SHARED_NAMES: frozenset[str] = frozenset({"queries"})


def modules():
    return [path for room in ROOMS for path in sorted((ROOT / room).rglob("*.py")) if "versions" not in path.parts]


def test_no_module_is_over_four_hundred_lines():
    long = {
        str(path.relative_to(ROOT)): count
        for path in modules()
        if (count := len(path.read_text(encoding="utf-8").splitlines())) > 400
    }
    assert long == {}


def test_module_names_are_unique():
    names = Counter(path.stem for path in modules() if path.stem != "__init__")
    assert {name for name, count in names.items() if count > 1} <= SHARED_NAMES


def test_every_module_says_what_it_is():
    silent = [
        str(path.relative_to(ROOT))
        for path in modules()
        if not path.read_text(encoding="utf-8").lstrip().startswith('"""')
    ]
    assert silent == []
