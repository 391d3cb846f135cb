"""Makes .venv and the console, with progress; seconds when nothing has changed. Needs only Python itself.

usage: python tools/setup.py [--dev] [--no-console]
"""

import sys

if sys.version_info < (3, 11):  # noqa: UP036 - this very line is for those who have an older one
    sys.exit(
        "kronveil needs Python 3.11 or newer; this is " + sys.version.split()[0] + " at " + sys.executable + ".\n"
        "Install one, then: make PYTHON=python3.12 run"
    )

import hashlib
import importlib.util
import os
import subprocess
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
BIN = VENV / "bin"
STAMPS = ROOT / ".make"
DASHBOARD = ROOT / "dashboard"
PYRIGHT = ROOT / "tools" / "pyright"
CONSOLE = ROOT / "src" / "kronveil" / "api" / "console"
TAG = f"py3{sys.version_info.minor}"


def digest(*paths: Path) -> str:
    """One hash over the contents of files and folders."""
    found = hashlib.sha256(sys.version.encode())
    for path in paths:
        files = sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]
        for file in files:
            found.update(str(file.relative_to(ROOT)).encode() + b"\0" + file.read_bytes())
    return found.hexdigest()


def is_done(stamp: str, inputs: str) -> bool:
    """Whether a step was finished with exactly these inputs."""
    path = STAMPS / stamp
    return path.is_file() and path.read_text() == inputs


def mark_done(stamp: str, inputs: str) -> None:
    """Remember that a step was finished with these inputs."""
    STAMPS.mkdir(exist_ok=True)
    (STAMPS / stamp).write_text(inputs)


def run(what: str, *command: str, cwd: Path = ROOT) -> None:
    """Run one step quietly, say how long it took, and show its output when it failed."""
    print(f"  {what} ...", end="", flush=True)
    began = time.monotonic()
    environment = {**os.environ, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}", "VIRTUAL_ENV": str(VENV)}
    done = subprocess.run(command, cwd=cwd, env=environment, text=True, capture_output=True, check=False)
    if done.returncode:
        print(" failed")
        sys.stderr.write(done.stdout + done.stderr)
        sys.exit(f"\nsetup: {what} failed; the command was: {' '.join(command)}")
    print(f" {time.monotonic() - began:.0f} s", flush=True)


def make_venv() -> None:
    """A virtual environment of the interpreter that runs this, made anew when that one has changed."""
    config = VENV / "pyvenv.cfg"
    wanted = f"{sys.version_info.major}.{sys.version_info.minor}.{sys.version_info.micro}"
    if (BIN / "python").exists() and config.is_file() and wanted in config.read_text():
        return
    if importlib.util.find_spec("ensurepip") is None:  # Debian leaves it out of its Python
        sys.exit(
            "setup: this Python cannot make virtual environments. On Debian or Ubuntu: apt-get install python3-venv"
        )
    run(f"virtual environment (Python {wanted})", sys.executable, "-m", "venv", "--clear", str(VENV))


def install_packages(*, dev: bool) -> None:
    """What the constraints file names, with its hashes, and kronveil itself in place."""
    constraints = ROOT / "constraints" / f"{'dev-' if dev else ''}{TAG}.txt"
    if not constraints.is_file():
        sys.exit(f"setup: there are no constraints for Python 3.{sys.version_info.minor}; use 3.11, 3.12 or 3.13")
    bootstrap = ROOT / "constraints" / "bootstrap.txt"
    inputs = digest(constraints, bootstrap, ROOT / "pyproject.toml")
    # The development set holds the other one: whoever tests may run as well.
    if (BIN / "kronveil").exists() and (is_done("packages-dev", inputs) or is_done("packages", inputs)):
        return
    pip = (str(BIN / "python"), "-m", "pip", "--disable-pip-version-check", "-q")
    run("installer", *pip, "install", "--require-hashes", "-r", str(bootstrap))
    uv = (str(BIN / "uv"), "pip", "install", "-q", "--python", str(BIN / "python"))
    run("packages", *uv, "--require-hashes", "-r", str(constraints))
    run("kronveil", *uv, "--no-deps", "--no-build-isolation", "-e", ".")
    mark_done("packages-dev" if dev else "packages", inputs)


def build_console() -> None:
    """The console's files, built by the Node.js that came as a package."""
    lock = DASHBOARD / "package-lock.json"
    sources = [
        DASHBOARD / name
        for name in ("src", "public", "index.html", "package.json", "vite.config.ts")
        if (DASHBOARD / name).exists()
    ]
    inputs = digest(lock, *sources)
    if is_done("console", inputs) and (CONSOLE / "index.html").is_file():
        return
    npm = node_command("npm")
    if not is_done("node-modules", digest(lock)) or not (DASHBOARD / "node_modules").is_dir():
        # "npm ci" calls a lock incomplete where a mirror lacks other platforms' optional binaries; this installs
        # exactly what the lock says and leaves it as it is.
        run("console packages", npm, "install", "--no-save", "--no-audit", "--no-fund", cwd=DASHBOARD)
        mark_done("node-modules", digest(lock))
    run("console", npm, "run", "build", cwd=DASHBOARD)
    mark_done("console", inputs)


def install_type_checker() -> None:
    """Pyright, which comes as a package of Node.js; only `make check` needs it."""
    inputs = digest(PYRIGHT / "package-lock.json")
    if is_done("pyright", inputs) and (PYRIGHT / "node_modules").is_dir():
        return
    npm = node_command("npm")
    run("type checker", npm, "install", "--no-save", "--no-audit", "--no-fund", cwd=PYRIGHT)
    mark_done("pyright", inputs)


def node_command(name: str) -> str:
    """Node's own command from the package in .venv."""
    path = BIN / name
    if not path.exists():
        sys.exit(f"setup: {name} is not in .venv; remove .make and .venv, then try again")
    return str(path)


def main() -> None:
    """Do what is left to do."""
    dev = "--dev" in sys.argv
    began = time.monotonic()
    make_venv()
    install_packages(dev=dev)
    if "--no-console" not in sys.argv:
        build_console()
    if dev:
        install_type_checker()
    if time.monotonic() - began > 2:
        print(f"  ready in {time.monotonic() - began:.0f} s", flush=True)


if __name__ == "__main__":
    main()
