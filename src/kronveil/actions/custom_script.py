"""Run a program of the operator's own: allowed by path and content, argv only, bounded in every way."""

import json
import os
import signal
import stat
import sys
from collections.abc import Sequence
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from subprocess import DEVNULL, PIPE

import anyio
import anyio.to_thread
from anyio.abc import ByteReceiveStream, Process

from kronveil.actions.kubernetes_object import as_texts
from kronveil.actions.masking import masked_text, refuse_secrets
from kronveil.actions.sections import is_list
from kronveil.model.execution import Check, Effect, StepPlan, Target
from kronveil.sdk.actions import ActionComponent, Means, Outcome, Parameter, Step
from kronveil.sdk.errors import Permanent, Transient
from kronveil.sdk.outside import AllowedScript

MOST_ARGUMENTS, LONGEST_ARGUMENT, LONGEST_OUTPUT, LONGEST_SHOWN = 50, 4096, 64 * 1024, 500
LARGEST_FILE_MIB, MOST_FILES, MOST_SECONDS_MORE = 64, 256, 5
TRY_AGAIN = 75
"""EX_TEMPFAIL: how a script says that trying again may help."""


class CustomScript:
    """See ``Action``. Parameters: ``script`` (its name in ``runbooks.scripts``), ``arguments``.

    The script is given the key as ``KRONVEIL_KEY``: one that is called again under the same key is to act once. Within
    one life of the agent it is not called again after it succeeded.
    """

    def __init__(self, means: Means) -> None:
        self._scripts = {each.name: each for each in means.outside.scripts}
        self._done: dict[str, str] = {}

    async def rehearse(self, step: Step, target: Target) -> StepPlan:  # noqa: ARG002 - what it acts on is its own affair
        """See ``Action.rehearse``."""
        script, arguments = self._script(step), _arguments(step)
        refuse_secrets([" ".join(arguments)], step.name, "let the script read it from a file")
        await _checked(script)
        user = f" as {script.user}" if script.user else ""
        shown = " ".join(arguments)
        return StepPlan(
            name=step.name,
            action=step.action,
            effect=Effect.MUTATE,
            target=None,
            parameters=as_texts(step.parameters),
            summary=f"run {script.path} {shown}".rstrip() + user,
            checks=(
                Check("digest", "passed", f"its content is the one that was allowed ({script.sha256[:12]})"),
                Check("rehearsal", "unknown", "what it changes is known to the script alone: it was not run"),
            ),
            blast_radius=("whatever the script does",),
            undo="it cannot be undone: what it changed is known to the script alone",
            details={"script": script.name, "sha256": script.sha256, "arguments": json.dumps(arguments)},
            timeout=script.timeout + timedelta(seconds=MOST_SECONDS_MORE),
        )

    async def perform(self, plan: StepPlan, key: str) -> Outcome:
        """See ``Action.perform``."""
        if key in self._done:
            return Outcome(self._done[key], has_changed=True, was_done_before=True)
        details = plan.details or {}
        script = self._scripts.get(details["script"])
        if script is None or script.sha256 != details["sha256"]:
            raise Permanent(f"{details['script']} is not what was planned for: it is allowed otherwise now")
        await _checked(script)
        status, output = await _run(script, json.loads(details["arguments"]), key)
        words = f"{script.name} ended with {status}" + (f": {output}" if output else "")
        if status == TRY_AGAIN:
            raise Transient(words)
        if status != 0:
            raise Permanent(f"{words}. What it changed before is not known")
        self._done[key] = words
        return Outcome(words, has_changed=True)

    async def compensate(self, plan: StepPlan, key: str) -> Outcome:  # noqa: ARG002 - nobody but the script could
        """See ``Action.compensate``."""
        raise Permanent(plan.undo)

    def _script(self, step: Step) -> AllowedScript:
        script = self._scripts.get(str(step.parameters.get("script")))
        if script is None:
            there = ", ".join(sorted(self._scripts)) or "none"
            raise Permanent(f"{step.name}: no such script is allowed (runbooks.scripts); allowed: {there}")
        return script


def _arguments(step: Step) -> list[str]:
    given = step.parameters.get("arguments")
    if given is None:
        return []
    if not is_list(given) or len(given) > MOST_ARGUMENTS:
        raise Permanent(f"{step.name}: arguments must be a list of at most {MOST_ARGUMENTS} texts")
    found = [str(each) for each in given]
    if any(len(each) > LONGEST_ARGUMENT or "\0" in each for each in found):
        raise Permanent(f"{step.name}: an argument is longer than {LONGEST_ARGUMENT} characters, or holds a NUL")
    return found


async def _checked(script: AllowedScript) -> None:
    await anyio.to_thread.run_sync(_check, script)


def _check(script: AllowedScript) -> None:
    """Raise Permanent unless its content is the very one that was allowed, and only its owner may write it."""
    path = script.path
    try:
        if not path.is_absolute() or path.is_symlink():
            raise Permanent(f"{path} must be an absolute path and no link")
        found = path.stat()
        content = path.read_bytes()
    except OSError as error:
        raise Permanent(f"{path} cannot be read: {(error.strerror or 'unknown reason').lower()}") from None
    if not stat.S_ISREG(found.st_mode) or found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise Permanent(f"{path} must be a file that only its owner may write")
    if sha256(content).hexdigest() != script.sha256.lower():
        raise Permanent(f"{path} has other content than was allowed: look at it, then renew runbooks.scripts[].sha256")


async def _run(script: AllowedScript, arguments: Sequence[str], key: str) -> tuple[int, str]:
    """How it ended, and the end of what it wrote. Its whole process group is gone when this returns or is cancelled."""
    limits = {
        "memory": script.memory_mib * 2**20,
        "seconds": int(script.timeout.total_seconds()) + 1,
        "file": LARGEST_FILE_MIB * 2**20,
        "files": MOST_FILES,
        "user": script.user,
        "argv": [str(script.path), *arguments],
        "sha256": script.sha256.lower(),
    }
    environment = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "KRONVEIL_KEY": key}
    # A starter sets the limits in the new process: setting them between fork and exec is not safe with threads.
    command = [sys.executable, "-I", "-S", str(Path(__file__).with_name("script_starter.py")), json.dumps(limits)]
    process = await anyio.open_process(
        command, stdin=DEVNULL, stdout=PIPE, stderr=PIPE, env=environment, cwd="/", start_new_session=True
    )
    parts: list[bytes] = []
    status = -signal.SIGKILL
    try:
        with anyio.fail_after(script.timeout.total_seconds()):
            async with anyio.create_task_group() as tasks:
                for stream in (process.stdout, process.stderr):
                    if stream is not None:
                        tasks.start_soon(_collect, stream, parts)
                status = await process.wait()
                _kill(process)
    except TimeoutError:
        raise Permanent(
            f"{script.name} was killed after {script.timeout.total_seconds():g} s; what it changed is not known"
        ) from None
    finally:
        with anyio.CancelScope(shield=True):
            _kill(process)
            await process.aclose()
    text = masked_text(b"".join(parts)[-LONGEST_OUTPUT:].decode(errors="replace"))
    plain = "".join(each if each.isprintable() else " " for each in text)
    return status, " ".join(plain.split())[-LONGEST_SHOWN:]


async def _collect(stream: ByteReceiveStream, parts: list[bytes]) -> None:
    """Read all of it, so that it does not block, and keep the last of it."""
    size = 0
    async for part in stream:
        parts.append(part)
        size += len(part)
        while size - len(parts[0]) > LONGEST_OUTPUT:
            size -= len(parts.pop(0))


def _kill(process: Process) -> None:
    """End everything that it started and that is still there."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return


component = ActionComponent(
    name="custom_script",
    summary="Run a program of your own, allowed by path and content.",
    effect=Effect.MUTATE,
    takes=(
        Parameter("script", "text", "Its name in `runbooks.scripts`.", is_required=True),
        Parameter("arguments", "texts", "What it is given, one argument each; no shell reads them.", "none"),
    ),
    make=CustomScript,
)
