"""start: CPU of the commands people wait for, against importing the core that the agent is built from."""

import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import IO

from kronveil.bench.bytecode import environment
from kronveil.bench.measure import Sample
from kronveil.bench.record import Measure, Record

PEER = "0.15 to 0.23 s, 46 MB (published)"
KRONVEIL = (sys.executable, "-c", "from kronveil.cli import main; main()")
# What a running agent is built from; Alembic is left out, it runs only when a file is older than the program.
CORE = (
    "anyio, httpx2, msgspec, pydantic, fastapi, uvicorn, httptools, websockets, sqlalchemy, "
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
    rounds = 2 if quick else 7
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
        peak_kib: int | None = None
        for _ in range(rounds + 1):  # the first compiles and fills the disk cache, and is thrown away
            for title, command in commands.items():
                taken[title].append(_run(command))
            sample, peak_kib = _until_healthy(configuration, folder / "state")
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
            more={} if peak_kib is None else {"peak_mib": round(peak_kib / 1024)},
        ),
        Record("start", "kronveil check", "run", taken["check"], Measure("cost"), taken["core"], core),
        Record("start", "kronveil --version", "run", taken["version"], Measure("cost"), taken["core"], core),
        Record("start", f"bare: {core}", "run", taken["core"]),
    ]


def _run(command: Sequence[str]) -> Sample:
    """Run it to its end. Raises when it fails: a broken command is quick."""
    with tempfile.TemporaryFile() as errors:
        began = time.perf_counter()
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=errors, env=environment())  # noqa: S603 - our own
        sample = _reaped(process, began)
        if process.returncode:
            raise _broken(process, errors)
    return sample


def _until_healthy(configuration: Path, state: Path) -> tuple[Sample, int | None]:
    """Start the agent and kill it at its first answer about its health: the CPU until then is all it ever used.

    With its peak of memory in KiB.
    """
    (state / "ports.json").unlink(missing_ok=True)
    with tempfile.TemporaryFile() as errors:
        began = time.perf_counter()
        process = subprocess.Popen(  # noqa: S603 - our own
            (*KRONVEIL, "up", "-c", str(configuration)), stdout=subprocess.DEVNULL, stderr=errors, env=environment()
        )
        while not _answers(state / "ports.json"):
            if process.poll() is not None:
                raise _broken(process, errors)
            if time.perf_counter() - began > HEALTHY_WITHIN_S:
                process.kill()
                process.wait()
                raise _broken(process, errors)
            time.sleep(0.01)
        peak_kib = _peak_kib(process.pid)
        process.kill()
        return _reaped(process, began), peak_kib


def _answers(ports: Path) -> bool:
    """Whether the agent says how it is. A cluster that does not answer makes it say so, not keep silent."""
    try:
        port = json.loads(ports.read_text(encoding="utf-8"))["api"]
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/v1/health", timeout=5):
            return True
    except urllib.error.HTTPError as answer:
        answer.close()
        return True
    except (OSError, ValueError):
        return False


def _reaped(process: "subprocess.Popen[bytes]", began: float) -> Sample:
    """The child's own CPU, user and system."""
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return Sample(1, used.ru_utime + used.ru_stime, time.perf_counter() - began)


def _peak_kib(pid: int) -> int | None:
    """The child's peak of memory; None where the system does not tell. What wait4 says counts our own before exec."""
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    except OSError:
        return None
    return next((int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM:")), None)


def _broken(process: "subprocess.Popen[bytes]", errors: IO[bytes]) -> RuntimeError:
    errors.seek(0)
    last_words = errors.read().decode(errors="replace")[-2_000:]
    return RuntimeError(
        f"{process.args!r} did not do what is measured; it ended with {process.returncode}: {last_words}"
    )
