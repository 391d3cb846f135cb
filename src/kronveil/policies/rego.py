"""Rego in a process of its own, with a deadline: rules that crash the interpreter or never end neither stop the agent
nor let anything pass. The next question is asked of a new process."""

import json
import os
import re
import sys
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from subprocess import DEVNULL, PIPE
from typing import TypeAlias, cast

import anyio
from anyio.abc import ByteSendStream, Process
from anyio.streams.buffered import BufferedByteReceiveStream

from kronveil.model.policy import Document
from kronveil.policies.texts import digest_of
from kronveil.sdk.errors import ConfigError, Permanent, Transient
from kronveil.sdk.policy import Module

START_S = 20.0
_MOST_BYTES = 1 << 24
_GONE = (anyio.ClosedResourceError, anyio.BrokenResourceError, anyio.EndOfStream, anyio.IncompleteRead, OSError)
_AT = re.compile(r"\(error \d+:(?P<file>[^|()]+)\|(?P<offset>\d+)\|\d+\s*\(errormsg \d+:(?P<words>[^()]*)\)")
Answer: TypeAlias = Mapping[str, object]


@dataclass(slots=True)
class _Worker:
    """A process that knows the modules, and waits for questions."""

    process: Process
    questions: ByteSendStream
    answers: BufferedByteReceiveStream

    async def ask(self, question: object) -> Answer:
        """One line there, one line back. Raises one of ``_GONE`` when it died of it."""
        await self.questions.send(json.dumps(question).encode() + b"\n")
        line = await self.answers.receive_until(b"\n", _MOST_BYTES)
        return cast("Answer", json.loads(line))

    async def end(self) -> None:
        """Kill it, and wait until it is gone."""
        with anyio.CancelScope(shield=True):
            with suppress(ProcessLookupError):
                self.process.kill()
            await self.process.aclose()


class RegoEngine:
    """See ``kronveil.sdk.policy.PolicyEngine``. Made by ``open_rego``."""

    def __init__(self, modules: Sequence[Module], deadline: timedelta) -> None:
        self._modules = tuple(modules)
        self._deadline_s = deadline.total_seconds()
        self._digest = digest_of(modules)
        self._turn = anyio.Lock()
        self._worker: _Worker | None = None

    @property
    def digest(self) -> str:
        """Names this wording."""
        return self._digest

    @property
    def modules(self) -> Sequence[Module]:
        """What is evaluated."""
        return self._modules

    async def evaluate(self, package: str, document: Document) -> Answer:
        """See ``PolicyEngine.evaluate``."""
        answer = await self.ask(f"data.{package}", document)
        if not isinstance(answer, dict):
            raise Permanent(f"there is no package {package}")
        return cast("Answer", answer)

    async def ask(self, query: str, document: Document) -> object:
        """What a query comes to, None when it is undefined. Raises as ``evaluate`` does."""
        async with self._turn:
            worker = await self._ready()
            is_answered = False
            try:
                with anyio.fail_after(self._deadline_s):
                    answer = await worker.ask({"query": query, "input": document})
                is_answered = True
            except TimeoutError:
                raise Transient(f"it was not evaluated within {self._deadline_s:g} s") from None
            except _GONE:
                raise Permanent("it cannot be evaluated: the interpreter crashed over it") from None
            finally:
                if not is_answered:
                    await self.close()
        if "problem" in answer:
            raise Permanent(f"it cannot be evaluated: {plain(str(answer['problem']))}")
        return answer.get("value")

    async def close(self) -> None:
        """End its process."""
        worker, self._worker = self._worker, None
        if worker is not None:
            await worker.end()

    async def _ready(self) -> _Worker:
        if self._worker is None:
            self._worker = await self._started()
        return self._worker

    async def _started(self) -> _Worker:
        command = [sys.executable, "-m", "kronveil.policies.worker"]
        # Nothing of the agent's environment: a rule could read it, and secrets may be in it.
        around = {key: os.environ[key] for key in ("PATH", "PYTHONPATH", "LD_LIBRARY_PATH") if key in os.environ}
        try:
            process = await anyio.open_process(command, stdin=PIPE, stdout=PIPE, stderr=DEVNULL, env=around)
        except OSError as error:
            raise Transient(f"the interpreter cannot be started: {error}") from error
        assert process.stdin is not None  # noqa: S101 - they are pipes
        assert process.stdout is not None  # noqa: S101
        worker, is_ready = _Worker(process, process.stdin, BufferedByteReceiveStream(process.stdout)), False
        try:
            with anyio.fail_after(START_S):
                answer = await worker.ask([[module.name, module.text] for module in self._modules])
            is_ready = "problem" not in answer
        except (TimeoutError, *_GONE) as error:
            raise Transient(f"the interpreter did not start ({type(error).__name__})") from error
        finally:
            if not is_ready:
                await worker.end()
        if not is_ready:
            raise ConfigError(_located(self._modules, str(answer["module"]), str(answer["problem"])))
        return worker

    async def check(self) -> None:
        """Raise ConfigError for a module that is not Rego, Transient when that cannot be learned now."""
        async with self._turn:
            await self._ready()


@asynccontextmanager
async def open_rego(
    modules: Sequence[Module], deadline: timedelta = timedelta(seconds=5)
) -> AsyncGenerator[RegoEngine]:
    """An engine that knows these modules. Raises ConfigError, by file, line and column, for one that is not Rego."""
    engine = RegoEngine(modules, deadline)
    try:
        await engine.check()
        yield engine
    finally:
        await engine.close()


def plain(text: str) -> str:
    """The library's words for a problem, without its notation."""
    if text == "<error>":
        return "a rule has two values at once, or calls what fails; the interpreter does not say which"
    words = re.findall(r"\(errormsg \d+:([^()]*)\)", text)
    return "; ".join(dict.fromkeys(words)) or " ".join(text.split())[:300] or "it gives no reason"


def _located(modules: Sequence[Module], name: str, text: str) -> str:
    module = next(each for each in modules if each.name == name)
    where = module.name if module.source == "bundled" else module.source
    found = _AT.search(text)
    if found is None:
        return f"{where}: {plain(text)}"
    before = module.text.encode()[: int(found["offset"])].decode(errors="replace")
    line, column = before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1
    return f"{where}:{line}:{column}: {found['words']}"
