"""What a deployment installs is pinned with hashes and listed; both files agree with pyproject.toml."""

from __future__ import annotations

import json
import re
import tomllib

from packaging.requirements import Requirement

from tests.write_lock import LOCK, ROOT, SBOM

_LINE = re.compile(r"([a-z0-9-]+)==([^ ]+) --hash=sha256:([0-9a-f]{64})")


def locked() -> dict[str, tuple[str, str]]:
    rows = [line for line in LOCK.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")]
    matches = [_LINE.fullmatch(row) for row in rows]
    assert all(matches), [row for row, match in zip(rows, matches, strict=True) if not match]
    return {match[1]: (match[2], match[3]) for match in matches if match}


def test_every_dependency_is_pinned_within_its_range() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = [Requirement(line) for line in (*project["dependencies"], *project["optional-dependencies"]["console"])]
    pinned = locked()
    for requirement in wanted:
        name = re.sub(r"[-_.]+", "-", requirement.name).lower()
        assert name in pinned, f"{name} is not in {LOCK.name}: make lock"
        assert requirement.specifier.contains(pinned[name][0], prereleases=True), (name, pinned[name][0])


def test_the_bill_of_materials_lists_the_same_files() -> None:
    bill = json.loads(SBOM.read_text(encoding="utf-8"))
    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.5")
    listed = {one["name"]: (one["version"], one["hashes"][0]["content"]) for one in bill["components"]}
    assert listed == locked()
    assert all(one["purl"] == f"pkg:pypi/{one['name']}@{one['version']}" for one in bill["components"])


def test_neither_names_a_host_or_a_path() -> None:
    for path in (LOCK, SBOM):
        text = path.read_text(encoding="utf-8")
        assert "://" not in text
        assert not re.search("/(?:home|root|tmp)/", text)
