"""Exec plugins: programs that hand out credentials (client.authentication.k8s.io), asked by us as by kubectl."""

import os
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType

import anyio
import anyio.lowlevel
import msgspec

from kronveil.collectors.kubernetes.access import ExecPlugin
from kronveil.collectors.kubernetes.translate.kept import parse_time
from kronveil.collectors.kubernetes.trouble import UnauthorizedError
from kronveil.sdk.secret import Secret

TIMEOUT_S = 30.0
RENEW_BEFORE = timedelta(minutes=2)
LONGEST_WORDS = 200
AT_ONCE = 4
"""Each is a program of its own, often a large one: those of a whole fleet would keep a small machine busy."""
_LOOKS_SECRET = re.compile(r"[A-Za-z0-9+/_=.-]{24,}")


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a plugin gave: a token, or a certificate with its key. Renewed at ``renew_at``, None: only when refused."""

    token: Secret | None = None
    certificate: Secret | None = None
    key: Secret | None = None
    renew_at: datetime | None = None
    expires_at: datetime | None = None


class _Status(msgspec.Struct, rename="camel"):
    token: str | None = None
    client_certificate_data: str | None = None
    client_key_data: str | None = None
    expiration_timestamp: str | None = None


class _ExecCredential(msgspec.Struct, rename="camel"):
    api_version: str = ""
    kind: str = ""
    status: _Status | None = None


_decode = msgspec.json.Decoder(_ExecCredential).decode
_turns: anyio.lowlevel.RunVar[anyio.Semaphore] = anyio.lowlevel.RunVar("kronveil_exec_plugins")


async def ask(
    plugin: ExecPlugin,
    now: datetime,
    environment: Mapping[str, str] = MappingProxyType(os.environ),
    timeout_s: float = TIMEOUT_S,
) -> Credentials:
    """Run the plugin, when it is its turn. Raises UnauthorizedError with a reason that holds nothing of what it gave
    out."""
    name = os.path.basename(plugin.command)  # noqa: PTH119 - it may be no path at all
    surroundings = {**environment, **plugin.environment, "KUBERNETES_EXEC_INFO": _question(plugin)}
    try:
        async with _turn():
            with anyio.fail_after(timeout_s):
                done = await anyio.run_process(
                    [plugin.command, *plugin.arguments], env=surroundings, check=False, stdin=subprocess.DEVNULL
                )
    except TimeoutError:
        raise UnauthorizedError(f"the exec plugin {name} gave no credentials within {timeout_s:g} s") from None
    except FileNotFoundError:
        hint = f". {plugin.install_hint}" if plugin.install_hint else ". Install it, or name it with its full path"
        raise UnauthorizedError(f"the exec plugin {name} for the credentials is not found{hint}") from None
    except OSError as error:
        raise UnauthorizedError(f"the exec plugin {name} cannot be run: {(error.strerror or '?').lower()}") from None
    if done.returncode != 0:
        words = _last_words(done.stderr, plugin)
        raise UnauthorizedError(f"the exec plugin {name} gave no credentials (exit code {done.returncode}){words}")
    return _read(done.stdout, plugin, name, now)


def _turn() -> anyio.Semaphore:
    turns = _turns.get(None)
    if turns is None:
        turns = anyio.Semaphore(AT_ONCE)
        _turns.set(turns)
    return turns


def _question(plugin: ExecPlugin) -> str:
    spec: dict[str, object] = {"interactive": False}
    if plugin.cluster is not None:
        spec["cluster"] = plugin.cluster
    return msgspec.json.encode({"apiVersion": plugin.api_version, "kind": "ExecCredential", "spec": spec}).decode()


def _read(output: bytes, plugin: ExecPlugin, name: str, now: datetime) -> Credentials:
    try:
        answer = _decode(output)
    except msgspec.DecodeError:
        raise UnauthorizedError(f"the exec plugin {name} did not answer with an ExecCredential") from None
    if answer.api_version != plugin.api_version:
        raise UnauthorizedError(f"the exec plugin {name} was asked for {plugin.api_version} and answers otherwise")
    status = answer.status
    if status is None or not (status.token or (status.client_certificate_data and status.client_key_data)):
        raise UnauthorizedError(f"the exec plugin {name} gave neither a token nor a client certificate with its key")
    expires = parse_time(status.expiration_timestamp)
    return Credentials(
        token=Secret(status.token) if status.token else None,
        certificate=Secret(status.client_certificate_data) if status.client_certificate_data else None,
        key=Secret(status.client_key_data) if status.client_key_data else None,
        # A short life is used for four fifths.
        renew_at=max(expires - RENEW_BEFORE, now + (expires - now) * 0.8) if expires else None,
        expires_at=expires,
    )


def _last_words(text: bytes, plugin: ExecPlugin) -> str:
    """The last line of what it complained, without anything that looks like a secret."""
    lines = [line for line in text.decode(errors="replace").splitlines() if line.strip()]
    if not lines:
        return ""
    words = " ".join(lines[-1].split())
    for value in plugin.environment.values():
        words = words.replace(value, "********") if value else words
    words = _LOOKS_SECRET.sub("********", words)
    return ": " + (words if len(words) <= LONGEST_WORDS else words[: LONGEST_WORDS - 1] + "…")
