"""One real server as a child process: its log in a file, ended by its id, and never outliving the tests."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import anyio
import anyio.to_thread

# Asks the kernel to end the server when the test process dies, even when that is killed and no cleanup runs.
_DIES_WITH_PARENT = "import ctypes, os, sys; ctypes.CDLL(None).prctl(1, 9); os.execvp(sys.argv[1], sys.argv[1:])"
_PORT_TAKEN = "address already in use"


class ServerDiedError(AssertionError):
    """A server ended although nobody asked it to; the message carries the end of its log."""


class PortTakenError(ServerDiedError):
    """Someone else took the port between its choice and its use: choose another one."""


STARTED: "list[ServerProcess]" = []
"""Every process that was started and not yet put away: what a failed test has to show."""


def free_port() -> int:
    """A loopback port that the kernel says is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class ServerProcess:
    """A child process that can be started, looked at, stopped, and started again with the same arguments."""

    def __init__(self, name: str, argv: Sequence[str], folder: Path) -> None:
        self.name = name
        self.argv = list(argv)
        self.folder = folder
        self.log = folder / f"{name}.log"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        assert self._process is not None, f"{self.name} was not started"
        return self._process.pid

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self, environment: Mapping[str, str] | None = None) -> None:
        """Start it; the log of an earlier run is kept and continued."""
        launcher = [sys.executable, "-ISc", _DIES_WITH_PARENT] if sys.platform == "linux" else []
        STARTED.append(self)
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [*launcher, *self.argv],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=self.folder,
                # A home of its own: no server reads or writes the settings of whoever runs the tests.
                env={**os.environ, "HOME": str(self.folder), **(environment or {})},
            )

    def ensure_alive(self) -> None:
        """Raise with the end of the log when it has ended on its own."""
        if self.is_running:
            return
        tail = self.log_tail()
        kind = PortTakenError if _PORT_TAKEN in tail else ServerDiedError
        code = self._process.returncode if self._process else "never started"
        raise kind(f"{self.name} ended (exit code {code}). End of {self.log}:\n{tail}")

    async def stop(self, *, grace_s: float = 10) -> None:
        """Ask it to end, wait, and kill it when it does not; returns when it is gone."""
        if self._process is None:
            return
        if self.is_running:
            self._process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                await anyio.to_thread.run_sync(self._process.wait, grace_s)
        await self.kill()

    async def kill(self) -> None:
        """End it without asking, as a crash or an out-of-memory killer would."""
        if self._process is None:
            return
        if self.is_running:
            self._process.kill()
        self._process.wait()
        self._process = None
        STARTED.remove(self)

    @contextlib.contextmanager
    def frozen(self) -> Iterator[None]:
        """Stop it from running, with every connection left open, until the block ends: silence instead of an error."""
        os.kill(self.pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(self.pid, signal.SIGCONT)

    def log_tail(self, lines: int = 40) -> str:
        """The last lines of its log."""
        if not self.log.exists():
            return "(no log)"
        return "\n".join(line[:600] for line in self.log.read_text(errors="replace").splitlines()[-lines:])
