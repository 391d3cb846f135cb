"""Build the real Kubernetes servers that `make test-real` runs against, once, into a per-user cache.

From one committed Go module (tools/kubernetes): kube-apiserver, kube-controller-manager, kube-scheduler, kubectl, etcd
and kwok. Prints the folder on standard output; progress goes to standard error. Needs only Python 3.11 and Go.
"""

import argparse
import contextlib
import fcntl
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator, Sequence
from pathlib import Path

MODULE = Path(__file__).resolve().parent / "kubernetes"
KUBERNETES = "1.37.2"
OLDEST_GO = (1, 26)
DISK_NEEDED_GB = 8

_VERSION = "k8s.io/component-base/version"
_MAJOR, _MINOR, _ = KUBERNETES.split(".")
_STAMP = f"-s -w -X {_VERSION}.gitVersion=v{KUBERNETES} -X {_VERSION}.gitMajor={_MAJOR} -X {_VERSION}.gitMinor={_MINOR}"
# Equal flags for everything keep the compiled packages shared between the programs; only the link step differs.
COMMON_FLAGS = ("-trimpath",)
PROGRAMS = (  # name, package, flags of the link step
    ("kube-apiserver", "k8s.io/kubernetes/cmd/kube-apiserver", _STAMP),
    ("kube-controller-manager", "k8s.io/kubernetes/cmd/kube-controller-manager", _STAMP),
    ("kube-scheduler", "k8s.io/kubernetes/cmd/kube-scheduler", _STAMP),
    ("kubectl", "k8s.io/kubernetes/cmd/kubectl", _STAMP),
    ("kwok", "sigs.k8s.io/kwok/cmd/kwok", _STAMP),
    ("etcd", "go.etcd.io/etcd/server/v3", "-s -w"),
)

# kwok has no stages inside: without these a node never becomes Ready.
KWOK_STAGES = (
    "node/fast/node-initialize.yaml",
    "node/heartbeat-with-lease/node-heartbeat-with-lease.yaml",
    "pod/fast/pod-ready.yaml",
    "pod/fast/pod-complete.yaml",
    "pod/fast/pod-delete.yaml",
)


class InstallError(Exception):
    """Something the person at the screen has to know, in full sentences."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Build what is missing and print where it is; 0 when it is there, 1 when not."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--where", action="store_true", help="print the folder if it is built, build nothing")
    options = parser.parse_args(arguments)
    try:
        folder = installed_folder() if options.where else install()
    except InstallError as error:
        print(f"install_kubernetes: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("install_kubernetes: interrupted; the next run goes on from here", file=sys.stderr)
        return 130
    print(folder)
    return 0


def cache_root() -> Path:
    """The per-user folder under which every built server lives."""
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "kronveil"


def target_folder() -> Path:
    """The folder of exactly this module and these flags; another version gets another folder."""
    digest = hashlib.sha256()
    for part in ((MODULE / "go.mod").read_bytes(), (MODULE / "go.sum").read_bytes()):
        digest.update(part)
    digest.update(json.dumps([COMMON_FLAGS, PROGRAMS, KWOK_STAGES]).encode())
    return cache_root() / f"kubernetes-{digest.hexdigest()[:16]}"


def installed_folder() -> Path:
    """The finished folder, or an error that says how to get it."""
    folder = target_folder()
    if not (folder / "built.json").is_file():
        raise InstallError(f"the Kubernetes servers are not built yet. Run: {sys.executable} {__file__}")
    return folder


def install() -> Path:
    """Return the finished folder, building it first when it is missing."""
    folder = target_folder()
    if (folder / "built.json").is_file():
        return folder
    go = find_go()
    cache_root().mkdir(parents=True, exist_ok=True)
    with only_one_build():
        # Another process may have finished it while this one waited for the lock.
        if not (folder / "built.json").is_file():
            check_disk(cache_root())
            build(go, folder)
    return folder


def find_go() -> str:
    """Path of a Go that is new enough, or what to do about it."""
    named = os.environ.get("KRONVEIL_GO")
    candidates = (named,) if named else (shutil.which("go"), "/usr/local/go/bin/go")
    seen = ""
    for candidate in candidates:
        if not candidate or not Path(candidate).is_file():
            continue
        answer = subprocess.run(
            [candidate, "env", "GOVERSION"],
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "GOTOOLCHAIN": "local"},
        )
        found = re.match(r"go(\d+)\.(\d+)", answer.stdout)
        if found and (int(found[1]), int(found[2])) >= OLDEST_GO:
            return candidate
        seen = seen or f" Found {candidate}: {answer.stdout.strip() or 'no version'}."
    raise InstallError(
        f"Go {OLDEST_GO[0]}.{OLDEST_GO[1]} or newer is needed to build Kubernetes {KUBERNETES}.{seen}\n"
        "  Debian and Ubuntu, where new enough: apt-get install golang-go; else install Go from go.dev/dl\n"
        "  and put it first in PATH, or name it in KRONVEIL_GO."
    )


def check_disk(folder: Path) -> None:
    """Fail before the build rather than in the middle of it."""
    free_gb = shutil.disk_usage(folder).free / 1e9
    if free_gb < DISK_NEEDED_GB:
        raise InstallError(
            f"building needs {DISK_NEEDED_GB} GB free in {folder} (0.5 GB stay); {free_gb:.1f} GB are free.\n"
            "  Free some, or set XDG_CACHE_HOME to a folder on a larger disk."
        )


@contextlib.contextmanager
def only_one_build() -> Generator[None]:
    """Hold the build lock; the kernel frees it when the process ends, however it ends."""
    with (cache_root() / "kubernetes.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("another build is running; waiting for it")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def build(go: str, folder: Path) -> None:
    """Build into a temporary folder beside `folder`, then rename: a half-built one is never seen."""
    started = time.monotonic()
    work = cache_root() / "kubernetes-build"
    for leftover in cache_root().glob(".kubernetes-half-*"):
        shutil.rmtree(leftover)
    half = Path(tempfile.mkdtemp(prefix=".kubernetes-half-", dir=cache_root()))
    say(f"building Kubernetes {KUBERNETES}, etcd and kwok once (about 15 minutes of one processor) into {folder}")
    build_programs(go, half / "bin", work)
    write_kwok_stages(go, half / "kwok-stages.yaml", work)
    seconds = round(time.monotonic() - started)
    (half / "built.json").write_text(json.dumps({"kubernetes": KUBERNETES, "build_seconds": seconds}) + "\n")
    half.chmod(0o755)
    shutil.rmtree(folder, ignore_errors=True)
    half.rename(folder)
    # Only the programs are needed again: 5 GB of sources and objects are not.
    shutil.rmtree(work, ignore_errors=True)
    say(f"built in {seconds // 60} min {seconds % 60} s")


def go_environment(work: Path) -> dict[str, str]:
    """The user's settings (proxy, checksums) with our own caches, which can be deleted without harm to anyone."""
    return {
        **os.environ,
        "CGO_ENABLED": "0",
        "GOTOOLCHAIN": "local",
        "GOWORK": "off",
        "GOFLAGS": "-mod=readonly -modcacherw -buildvcs=false",
        "GOCACHE": str(work / "objects"),
        "GOMODCACHE": str(work / "modules"),
    }


def build_programs(go: str, target: Path, work: Path) -> None:
    """Compile each program; what was compiled before an interruption is reused."""
    target.mkdir(parents=True)
    environment = go_environment(work)
    say("1/3 fetching the sources")
    packages = [package for _, package, _ in PROGRAMS]
    total = len(run_go(go, ["list", "-deps", *packages], environment).split())
    parallel = str(min(os.cpu_count() or 1, 4))  # a compiler can take 1 GB: more at once could exhaust memory
    compiled = 0
    for number, (name, package, link_flags) in enumerate(PROGRAMS, start=1):
        say(f"2/3 compiling {name} ({number} of {len(PROGRAMS)})")
        command = [
            go,
            "build",
            "-v",
            "-p",
            parallel,
            *COMMON_FLAGS,
            "-ldflags",
            link_flags,
            "-o",
            str(target / name),
            package,
        ]
        compiled = compile_showing_progress(command, environment, compiled, total)
    say("3/3 trying the programs")
    for name, _, _ in PROGRAMS:
        try_program(target / name)


def compile_showing_progress(command: list[str], environment: dict[str, str], compiled: int, total: int) -> int:
    """Run one `go build -v`, which names each package on its own line; return how many are compiled by now."""
    other_lines: list[str] = []
    shown_at = time.monotonic()
    with subprocess.Popen(command, cwd=MODULE, env=environment, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if " " in line.strip() or line.startswith("#"):
                other_lines.append(line)
                continue
            compiled += 1
            if time.monotonic() - shown_at > 15:
                shown_at = time.monotonic()
                say(f"    {compiled} of at most {total} packages")
    if process.returncode != 0:
        raise InstallError(f"{' '.join(command[:2])} {command[-1]} failed:\n{''.join(other_lines[-30:])}")
    return compiled


def run_go(go: str, arguments: list[str], environment: dict[str, str]) -> str:
    """Output of one short go command."""
    answer = subprocess.run([go, *arguments], cwd=MODULE, env=environment, capture_output=True, text=True, check=False)
    if answer.returncode != 0:
        raise InstallError(f"go {arguments[0]} failed (is the module proxy reachable?):\n{answer.stderr[-3000:]}")
    return answer.stdout


def try_program(path: Path) -> None:
    """A program that cannot say its version is not worth caching."""
    arguments = ["version", "--client"] if path.name == "kubectl" else ["--version"]
    answer = subprocess.run([str(path), *arguments], capture_output=True, text=True, check=False, timeout=60)
    if answer.returncode != 0:
        raise InstallError(f"{path.name} was built but does not run: {answer.stderr[-500:]}")


def write_kwok_stages(go: str, target: Path, work: Path) -> None:
    """Join kwok's own stages, taken from the sources of the very version that was built."""
    answer = run_go(go, ["list", "-m", "-f", "{{.Dir}}", "sigs.k8s.io/kwok"], go_environment(work))
    stages = Path(answer.strip()) / "kustomize" / "stage"
    target.write_text("\n---\n".join((stages / name).read_text() for name in KWOK_STAGES))


def say(message: str) -> None:
    """One line of progress."""
    print(f"[{time.strftime('%H:%M:%S')}] {message}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
