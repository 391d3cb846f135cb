"""start: CPU of the commands people wait for, against importing the core that the agent is built from."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from pathlib import Path

from kronveil.bench.measure import Sample
from kronveil.bench.record import Measure, Record

PEER = "0.15 to 0.23 s, 46 MB (published)"
KRONVEIL = (sys.executable, "-c", "from kronveil.cli import main; main()")
# What a running agent is built from; Alembic is left out, it runs only when a file is older than the program.
CORE = (
    "anyio, httpx2, msgspec, pydantic, fastapi, uvicorn, httptools, websockets, sqlalchemy.ext.asyncio, aiosqlite, "
    "ruamel.yaml, structlog, typer, rich, lightkube, cryptography.x509"
)
HEALTHY_WITHIN_S = 60
CONFIGURATION = """\
agent: {{data_dir: {folder}/state}}
listen: {{api: 0, dashboard: 0, grpc: 0, otlp_grpc: 0, otlp_http: 0, prometheus: 0, health: 0, debug: 0}}
collectors: {{kubernetes: {{clusters: [{{name: nowhere, kubeconfig_path: {folder}/kubeconfig, context: nowhere}}]}}}}
"""
KUBECONFIG = """\
apiVersion: v1
kind: Config
clusters: [{name: nowhere, cluster: {server: "http://127.0.0.1:9"}}]
users: [{name: nobody, user: {token: none}}]
contexts: [{name: nowhere, context: {cluster: nowhere, user: nobody}}]
"""


async def measure(quick: bool) -> list[Record]:  # noqa: FBT001 - every stage is asked so
    """Each command in a process of its own, in turns; the bare interpreter's own start is in all of them."""
    rounds = 3 if quick else 7
    with tempfile.TemporaryDirectory(prefix="kronveil-bench-") as name:
        folder = Path(name)
        configuration = folder / "kronveil.yaml"
        configuration.write_text(CONFIGURATION.format(folder=folder), encoding="utf-8")
        (folder / "kubeconfig").write_text(KUBECONFIG, encoding="utf-8")
        commands = {
            "core": (sys.executable, "-c", f"import {CORE}"),
            "version": (*KRONVEIL, "--version"),
            "check": (*KRONVEIL, "check", str(configuration)),
        }
        taken: dict[str, list[Sample]] = {title: [] for title in (*commands, "healthy")}
        resident_kib = 0
        for _ in range(rounds + 1):  # the first fills the disk cache, and is thrown away
            for title, command in commands.items():
                taken[title].append(_run(command)[0])
            sample, resident_kib = _until_healthy(configuration, folder / "state")
            taken["healthy"].append(sample)
    taken = {title: samples[1:] for title, samples in taken.items()}
    core = "importing the core"
    return [
        Record(
            "start",
            "kronveil up, first answer",
            "start",
            taken["healthy"],
            Measure("cost", goal=1.3),
            taken["core"],
            core,
            peer=PEER,
            more={"resident_mib": round(resident_kib / 1024)},
        ),
        Record("start", "kronveil check", "run", taken["check"], Measure("cost"), taken["core"], core),
        Record("start", "kronveil --version", "run", taken["version"], Measure("cost"), taken["core"], core),
        Record("start", f"bare: {core}", "run", taken["core"]),
    ]


def _run(command: Sequence[str]) -> tuple[Sample, int]:
    """Run it to its end. Raises when it fails: a broken command is quick."""
    began = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)  # noqa: S603 - our own
    sample, resident_kib = _reaped(process, began)
    assert process.stderr is not None  # noqa: S101 - it was asked for
    with process.stderr as errors:
        if process.returncode:
            raise RuntimeError(f"{' '.join(command)} ended with {process.returncode}: {errors.read().decode()}")
    return sample, resident_kib


def _until_healthy(configuration: Path, state: Path) -> tuple[Sample, int]:
    """Start the agent and kill it at its first answer about its health: the CPU until then is all it ever used."""
    began = time.perf_counter()
    (state / "ports.json").unlink(missing_ok=True)
    process = subprocess.Popen(  # noqa: S603 - our own
        (*KRONVEIL, "up", "-c", str(configuration)), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    while not _answers(state / "ports.json"):
        if process.poll() is not None:
            raise RuntimeError(f"kronveil up ended with {process.returncode} before it answered")
        if time.perf_counter() - began > HEALTHY_WITHIN_S:
            process.kill()
            process.wait()
            raise RuntimeError(f"kronveil up gave no answer within {HEALTHY_WITHIN_S} s")
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    return _reaped(process, began)


def _answers(ports: Path) -> bool:
    """Whether the agent says how it is. A cluster that does not answer makes it say so, not keep silent."""
    try:
        port = json.loads(ports.read_text(encoding="utf-8"))["api"]
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/v1/health", timeout=5):
            return True
    except urllib.error.HTTPError:
        return True
    except (OSError, ValueError):
        return False


def _reaped(process: "subprocess.Popen[bytes]", began: float) -> tuple[Sample, int]:
    """The child's own CPU, user and system, and its peak of memory in KiB."""
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return Sample(1, used.ru_utime + used.ru_stime, time.perf_counter() - began), used.ru_maxrss
