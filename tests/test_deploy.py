"""The files of docs/deploy hold: they load, the commands, options, settings, files and addresses that they name exist.

Nothing here is started: no container, no cluster, no unit.
"""

from __future__ import annotations

import configparser
import re
import shlex
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from conftest import ROOT
from test_docs import commands

from serving.settings import VARIABLES

FOLDER = ROOT / "docs" / "deploy"
FILES = sorted(path for path in FOLDER.iterdir() if path.is_file())
YAML = [path for path in FILES if path.suffix == ".yaml"]
UNITS = [path for path in FILES if path.suffix in (".service", ".timer")]
SECTIONS = {"Unit", "Service", "Timer", "Install"}


def documents(path: Path) -> list[Any]:
    return [document for document in yaml.safe_load_all(path.read_text(encoding="utf-8")) if document]


def unit(path: Path) -> configparser.ConfigParser:
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    parser.optionxform = str  # type: ignore[assignment,method-assign]  # systemd's names have capitals
    parser.read(path, encoding="utf-8")
    return parser


def walk(value: Any) -> Iterator[Any]:
    """Every mapping inside, the outer ones first."""
    if isinstance(value, dict):
        yield value
        for inner in value.values():
            yield from walk(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from walk(inner)


def told_commands() -> Iterator[tuple[str, list[str]]]:
    """Every command line of `fanzha`, without its name, and where it stands."""
    for path in UNITS:
        parsed = unit(path)
        for key, line in parsed.items("Service") if parsed.has_section("Service") else ():
            words = shlex.split(line)
            if key.startswith("Exec") and Path(words[0]).name == "fanzha":
                yield path.name, words[1:]
    for path in YAML:
        for document in documents(path):
            for part in walk(document):
                if str(part.get("image", "")).startswith("fanzha:"):
                    given = part.get("args") or (part.get("command") if path.name == "compose.yaml" else None) or []
                    if part.get("command") == ["/bin/sh", "-c"]:
                        given = shlex.split(given[0].split("fanzha ", 1)[1])
                    if given:
                        yield path.name, given
    last = re.search(r"^CMD (\[.*\])$", (FOLDER / "Dockerfile").read_text(encoding="utf-8"), re.MULTILINE)
    assert last
    yield "Dockerfile", yaml.safe_load(last[1])


def test_every_command_and_option_exists() -> None:
    found = list(told_commands())
    assert {name for name, _ in found} >= {
        "fanzha.service",
        "fanzha-ingest.service",
        "compose.yaml",
        "fanzha-serve-ray.service",
        "kuberay.yaml",
        "Dockerfile",
    }
    for name, words in found:
        command = commands().commands[words[0]]
        known = {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)}
        for word in words[1:]:
            if word.startswith("--"):
                assert word.split("=")[0] in known, (name, word)
        assert "--demo" not in words, "a deployment is no demo"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_setting_exists_and_no_secret_is_written_down(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    for name in re.findall(r"FANZHA_[A-Z_]+", text):
        assert name in VARIABLES, name
    for name, value in re.findall(r"(FANZHA_(?:SECRET|METRICS_KEY|OPERATOR_KEY)|POSTGRES_PASSWORD)[=:] *(\S*)", text):
        assert not value or value.startswith(("${", "valueFrom")), (name, value)


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.name)
def test_units_are_whole(path: Path) -> None:
    parsed = unit(path)
    assert set(parsed.sections()) <= SECTIONS
    assert parsed["Unit"]["Description"]
    if path.suffix == ".timer":
        assert (FOLDER / f"{path.stem}.service").is_file()
        return
    service = parsed["Service"]
    assert service["ExecStart"].startswith("/opt/fanzha/bin/")
    assert service["User"] == "fanzha"
    # Longer than what the server takes to finish what it is reading.
    from serving.api.engine import STOP_SECONDS

    if "serve" in service["ExecStart"]:
        assert int(service["TimeoutStopSec"]) > STOP_SECONDS


def test_containers_are_built_from_files_that_are_there() -> None:
    text = (FOLDER / "Dockerfile").read_text(encoding="utf-8")
    for line in re.findall(r"^COPY (.*)$", text, re.MULTILINE):
        for source in line.split()[:-1]:
            assert (ROOT / source).exists(), source
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    wanted = re.search(r'"\.\[([a-z,]+)\]"', text)
    assert wanted
    assert set(wanted[1].split(",")) <= set(extras)
    assert re.search(r"^USER fanzha$", text, re.MULTILINE)
    (compose,) = documents(FOLDER / "compose.yaml")
    build = compose["services"]["api"]["build"]
    assert (FOLDER / build["context"]).resolve() == ROOT
    assert (ROOT / build["dockerfile"]).is_file()
    assert all(port.startswith("127.0.0.1:") for port in compose["services"]["api"]["ports"])
    assert set(compose["services"]["api"]["depends_on"]) <= set(compose["services"])


def test_objects_of_the_cluster_fit_together() -> None:
    objects = documents(FOLDER / "kuberay.yaml")
    assert [found["kind"] for found in objects] == ["Deployment", "Service", "RayCluster", "CronJob"]
    assert all(found["apiVersion"] and found["metadata"]["name"] for found in objects)
    deployment, service, cluster, job = objects
    assert service["spec"]["selector"] == deployment["spec"]["template"]["metadata"]["labels"]
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    names = {port["name"]: port["containerPort"] for port in container["ports"]}
    assert service["spec"]["ports"][0]["targetPort"] in names
    told = shlex.join(container["args"])
    assert f"--port {names['http']}" in told
    # KubeRay calls the head's service by the cluster's name.
    assert f"{cluster['metadata']['name']}-head-svc:6379" in str(job)
    entries = [entry for found in walk(objects) for entry in found.get("env", []) if entry["name"] != "RAY_AUTH_MODE"]
    assert all("secretKeyRef" in str(entry) for entry in entries)


def test_replicas_on_the_cluster_are_those_of_the_program() -> None:
    from serving.listening import STOP_SECONDS
    from serving.replica_ray import NAME, application

    (service,) = documents(FOLDER / "kuberay-serve.yaml")
    assert (service["kind"], service["metadata"]["name"]) == ("RayService", "fanzha-api")
    told = yaml.safe_load(service["spec"]["serveConfigV2"])
    (served,) = told["applications"]
    assert served["import_path"] == f"{application.__module__}:{application.__name__}"
    assert served["name"] == NAME
    assert set(served["args"]) <= {"replicas", "min_replicas", "max_replicas"}
    assert told["logging_config"]["enable_access_log"] is False  # addresses may hold names
    groups = service["spec"]["rayClusterConfig"]
    for group in (groups["headGroupSpec"], *groups["workerGroupSpecs"]):
        (container,) = group["template"]["spec"]["containers"]
        assert told["http_options"]["port"] in {port["containerPort"] for port in container["ports"]}
        assert all("secretKeyRef" in entry["valueFrom"] for entry in container["env"])
        assert {"FANZHA_STORE", "FANZHA_SECRET"} <= {entry["name"] for entry in container["env"]}
    unit_of_replicas = unit(FOLDER / "fanzha-serve-ray.service")["Service"]
    assert int(unit_of_replicas["TimeoutStopSec"]) > STOP_SECONDS
    # Every node has the settings that the command compares with its own.
    heads = [
        unit(FOLDER / f"{name}.service")["Service"]["EnvironmentFile"] for name in ("ray-head", "fanzha-serve-ray")
    ]
    assert set(heads) == {"/etc/fanzha/fanzha.env"}


def test_the_serve_configuration_is_one_that_ray_takes() -> None:
    schema = pytest.importorskip("ray.serve.schema", reason="needs the extra scale (make test-all)")
    from serving.replica_ray import application

    (service,) = documents(FOLDER / "kuberay-serve.yaml")
    told = schema.ServeDeploySchema.model_validate(yaml.safe_load(service["spec"]["serveConfigV2"]))
    (served,) = told.applications
    bounds = application(served.args)._bound_deployment._deployment_config.autoscaling_config
    assert (bounds.min_replicas, bounds.max_replicas) == (2, 8)


def test_the_token_of_ray_comes_from_a_secret_or_a_file() -> None:
    for path in FILES:
        text = path.read_text(encoding="utf-8")
        if path.name.startswith(("ray-", "fanzha-serve-ray")):
            assert "RAY_AUTH_MODE=token" in text, path.name
            assert "RAY_AUTH_TOKEN_PATH=/etc/fanzha/ray-token" in text, path.name
    for found in documents(FOLDER / "kuberay.yaml"):
        for part in walk(found):
            if any(name in str(part.get("name")) for name in ("ray-head", "ray-worker", "ingest")) and "image" in part:
                told = {entry["name"]: entry for entry in part["env"]}
                assert told["RAY_AUTH_MODE"]["value"] == "token"
                assert "secretKeyRef" in told["RAY_AUTH_TOKEN"]["valueFrom"]


def test_probes_and_scrapes_ask_for_addresses_that_exist(tmp_path: Path) -> None:
    from serving.api.app import create_app
    from serving.api.reference import routes_of
    from tests.api_world import settings_at

    known = {route.path for route in routes_of(create_app(settings_at(tmp_path)))}
    text = "".join(path.read_text(encoding="utf-8") for path in YAML)
    asked = {
        *re.findall(r"httpGet: \{path: (\S+),", text),
        *re.findall(r"127\.0\.0\.1:8000(/\w+)", text),
        *re.findall(r"metrics_path: (\S+)", text),
    }
    assert asked == {"/healthz", "/readyz", "/metrics"}
    assert asked <= known


def test_alerts_ask_for_metrics_that_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from serving import tally
    from tests.api_world import OPERATOR, serving, settings_at

    tally.count("fanzha_articles", "case", "", "no", by=0)
    with serving(settings_at(tmp_path)) as api:
        told = api.get("/metrics", headers=OPERATOR).text
    (found,) = documents(FOLDER / "prometheus.yaml")
    rules = found["groups"][0]["rules"]
    names = {name for rule in rules for name in re.findall(r"fanzha_\w+", rule["expr"])}
    assert len(names) >= 6
    for name in names:
        assert re.search(rf"^{name}[ {{]", told, re.MULTILINE), name
