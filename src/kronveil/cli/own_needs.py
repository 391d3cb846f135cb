"""What the agent needs of its own machine: a folder it may write, ports it may open, and somebody who may call."""

import json
import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from kronveil.collectors.kubernetes.examine import Finding
from kronveil.sdk.errors import ConfigError

if TYPE_CHECKING:
    from kronveil.config import Config

OPENED = ("api", "dashboard", "prometheus", "health")


def own_needs(config: "Config") -> Iterator[Finding]:
    """Try each, changing nothing."""
    yield _folder(config.agent.data_dir)
    ours = _ports_of_the_running(config.agent.data_dir)
    for name in OPENED:
        port: int | None = getattr(config.listen, name)
        if port:
            yield _port(name, config.listen.host, port, is_ours=ours.get(name) == port)
    yield from _callers(config)


def _folder(folder: Path) -> Finding:
    existing = next(each for each in (folder, *folder.parents) if each.exists())
    is_good = existing.is_dir() and os.access(existing, os.W_OK | os.X_OK)
    detail = f"{folder} can be written" if is_good else f"{existing} cannot be written by this user"
    remedy = f"Give it to the user the agent runs as, or set agent.data_dir to another folder: chown USER {existing}"
    return Finding("data folder", is_good=is_good, detail=detail, remedy="" if is_good else remedy)


def _ports_of_the_running(folder: Path) -> dict[str, object]:
    """What an agent of this folder has open, as far as it wrote it down."""
    try:
        ports: dict[str, object] = json.loads((folder / "ports.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return ports


def _port(name: str, host: str, port: int, *, is_ours: bool) -> Finding:
    what = f"port {port}"
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as tried:
        tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            tried.bind((host, port))
        except OSError as error:
            if is_ours:
                return Finding(what, is_good=True, detail=f"listen.{name}: in use, an agent of this folder runs")
            remedy = f"End what uses it, or choose another in the file: listen: {{{name}: {port + 1}}}"
            why = (error.strerror or "cannot be opened").lower()
            return Finding(what, is_good=False, detail=f"listen.{name} on {host}: {why}", remedy=remedy)
    return Finding(what, is_good=True, detail=f"listen.{name} on {host}: free")


def _callers(config: "Config") -> Iterator[Finding]:
    from kronveil.api.options import ApiOptions  # noqa: PLC0415 - only here
    from kronveil.api.tokens import TokenFile  # noqa: PLC0415
    from kronveil.config.cautions import is_loopback  # noqa: PLC0415

    options = ApiOptions(
        is_loopback=is_loopback(config.listen.host),
        auth=config.api.auth,
        bootstrap_token=config.api.bootstrap_token,
        tokens=TokenFile(config.agent.data_dir),
        trusted_proxies=config.api.trusted_proxies,
    )
    try:
        options.check()
    except ConfigError as error:
        why, _, remedy = str(error).partition("\n")
        yield Finding("callers", is_good=False, detail=why, remedy=remedy)
        return
    yield Finding(
        "callers", is_good=True, detail="need a token" if options.needs_token else "of this machine need no token"
    )
