"""What a deployment installs, to the byte: requirements.lock with a SHA-256 a file, and sbom.cdx.json in CycloneDX's form.

    python -m tests.write_lock [--extras console] [--report FILE]      (make lock)

pip's own resolver says what it would install here (a dry run; it needs the package index). Files differ by platform and Python: the lock is that
of the machine it was made on, which its first lines say; make it again for another. No address of an index stands in either file.
"""

from __future__ import annotations

import argparse
import json
import platform
import re
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
LOCK, SBOM = ROOT / "requirements.lock", ROOT / "sbom.cdx.json"
OURS = "fanzha"


def resolve(extras: str) -> dict[str, Any]:
    """pip's report of what it would install for the project with these extras."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        asked = [sys.executable, "-m", "pip", "install", "--dry-run", "--ignore-installed", "--quiet"]
        subprocess.run([*asked, "--report", str(report), f"{ROOT}[{extras}]" if extras else str(ROOT)], check=True)
        told: dict[str, Any] = json.loads(report.read_text(encoding="utf-8"))
        return told


def packages(report: Mapping[str, Any]) -> list[dict[str, str]]:
    """Name, version, SHA-256 and licence of every package but our own, by name; a file without a hash is an error."""
    found = []
    for item in report["install"]:
        metadata = item["metadata"]
        name = re.sub(r"[-_.]+", "-", metadata["name"]).lower()
        if name == OURS:
            continue
        digest = item["download_info"]["archive_info"]["hashes"]["sha256"]
        found.append({"name": name, "version": metadata["version"], "sha256": digest, "licence": licence_of(metadata)})
    return sorted(found, key=lambda package: package["name"])


def licence_of(metadata: Mapping[str, Any]) -> str:
    """The licence that a package's metadata tells, shortly; "" where it tells none."""
    if expression := metadata.get("license_expression"):
        return str(expression)
    told = [c.rpartition(" :: ")[2] for c in metadata.get("classifier", ()) if c.startswith("License ::")]
    written = str(metadata.get("license") or "").strip()
    return ", ".join(told) or (written if len(written) <= 60 and "\n" not in written else "")


def lock_text(found: Sequence[Mapping[str, str]], extras: str) -> str:
    """The lock: `pip install --require-hashes -r requirements.lock`, then the project itself with --no-deps."""
    head = (
        f"# 由 make lock 生成：fanzha[{extras}]，Python {platform.python_version()}，{platform.system()} {platform.machine()}。\n"
        "# 安装：pip install --require-hashes -r requirements.lock && pip install --no-deps .\n"
    )
    return head + "".join(f"{p['name']}=={p['version']} --hash=sha256:{p['sha256']}\n" for p in found)


def sbom_of(found: Sequence[Mapping[str, str]], version: str) -> dict[str, Any]:
    """A bill of materials in CycloneDX 1.5: every package with purl, hash and licence."""
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {"component": {"type": "application", "name": OURS, "version": version, "bom-ref": OURS}},
        "components": [
            {
                "type": "library",
                "bom-ref": f"pkg:pypi/{p['name']}@{p['version']}",
                "name": p["name"],
                "version": p["version"],
                "purl": f"pkg:pypi/{p['name']}@{p['version']}",
                "hashes": [{"alg": "SHA-256", "content": p["sha256"]}],
                **({"licenses": [{"license": {"name": p["licence"]}}]} if p["licence"] else {}),
            }
            for p in found
        ],
    }


def main(arguments: Sequence[str] | None = None) -> None:
    """Command line, see the module docstring."""
    parser = argparse.ArgumentParser(description="写锁定文件与物料清单")
    parser.add_argument("--extras", default="console")
    parser.add_argument("--report", type=Path, help="已有的 pip 报告，不再解析")
    options = parser.parse_args(arguments)
    report = json.loads(options.report.read_text(encoding="utf-8")) if options.report else resolve(options.extras)
    ours = next(i["metadata"] for i in report["install"] if i["metadata"]["name"].lower() == OURS)
    found = packages(report)
    LOCK.write_text(lock_text(found, options.extras), encoding="utf-8")
    SBOM.write_text(json.dumps(sbom_of(found, ours["version"]), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    print(f"{LOCK.name}、{SBOM.name}：{len(found)} 个包")


if __name__ == "__main__":
    main()
