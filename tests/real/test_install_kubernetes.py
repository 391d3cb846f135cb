"""The build of the servers: asked for once, never half used, clear when it cannot be done. A small script plays Go."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

INSTALL = Path(__file__).resolve().parents[2] / "tools" / "install_kubernetes.py"
FAKE_GO = """#!/bin/sh
case "$1 $2" in
  "env GOVERSION") echo go{version} ;;
  "list -deps") echo fmt ;;
  "list -m") echo {folder}/kwok ;;
  *)
    echo "$*" >> {folder}/builds
    test -e {folder}/broken && {{ echo "# some/package" >&2; echo "undefined: x" >&2; exit 1; }}
    while [ "$1" != -o ]; do shift; done
    printf '#!/bin/sh\\n' > "$2" && chmod +x "$2" ;;
esac
"""


class Machine:
    """A home with a Go of some version and an empty cache."""

    def __init__(self, folder: Path, version: str = "1.26.1") -> None:
        self.folder = folder
        self.cache = folder / "cache" / "kronveil"
        go = folder / "go"
        go.write_text(FAKE_GO.format(version=version, folder=folder))
        go.chmod(0o755)
        stages = folder / "kwok" / "kustomize" / "stage"
        for path in ("node/fast/node-initialize", "node/heartbeat-with-lease/node-heartbeat-with-lease"):
            self._write(stages / f"{path}.yaml")
        for name in ("ready", "complete", "delete"):
            self._write(stages / "pod" / "fast" / f"pod-{name}.yaml")
        self.environment = {**os.environ, "XDG_CACHE_HOME": str(folder / "cache"), "KRONVEIL_GO": str(go)}

    def install(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self._command(arguments), env=self.environment, capture_output=True, text=True, check=False
        )

    def install_twice_at_once(self) -> list[str]:
        running = [
            subprocess.Popen(self._command(()), env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
            for _ in range(2)
        ]
        return [process.communicate(timeout=30)[0].decode() for process in running]

    @property
    def builds(self) -> Sequence[str]:
        log = self.folder / "builds"
        return log.read_text().splitlines() if log.exists() else ()

    def _command(self, arguments: Sequence[str]) -> list[str]:
        return [sys.executable, str(INSTALL), *arguments]

    def _write(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"name: {path.stem}\n")


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_it_prints_the_folder_with_every_program_and_the_stages(machine: Machine) -> None:
    folder = Path(machine.install().stdout.strip())
    programs = ("kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubectl", "etcd", "kwok")
    assert {path.name for path in (folder / "bin").iterdir()} == set(programs)
    assert (folder / "kwok-stages.yaml").read_text().count("---") == 4
    assert json.loads((folder / "built.json").read_text())["kubernetes"]


def test_the_second_call_builds_nothing(machine: Machine) -> None:
    first = machine.install()
    built = len(machine.builds)
    assert machine.install().stdout == machine.install("--where").stdout == first.stdout
    assert len(machine.builds) == built == 6


def test_two_at_once_build_once(machine: Machine) -> None:
    first, second = machine.install_twice_at_once()
    assert first == second != ""
    assert len(machine.builds) == 6


def test_a_failed_build_shows_the_error_and_leaves_nothing_that_looks_finished(machine: Machine) -> None:
    (machine.folder / "broken").touch()
    failed = machine.install()
    assert failed.returncode == 1
    assert "undefined: x" in failed.stderr
    assert "Traceback" not in failed.stderr
    assert machine.install("--where").returncode == 1
    (machine.folder / "broken").unlink()
    assert machine.install().returncode == 0
    kept = {path.name for path in machine.cache.iterdir() if not path.name.startswith("kubernetes-")}
    assert kept == {"kubernetes.lock"}, "no leftover of the failed build, none of the sources"


def test_an_old_go_is_named_with_the_way_out(tmp_path: Path) -> None:
    machine = Machine(tmp_path, version="1.25.9")
    refused = machine.install()
    assert refused.returncode == 1
    assert "Go 1.26 or newer is needed" in refused.stderr
    assert "go1.25.9" in refused.stderr


def test_before_the_build_asking_where_names_the_command(machine: Machine) -> None:
    asked = machine.install("--where")
    assert asked.returncode == 1
    assert "install_kubernetes.py" in asked.stderr
