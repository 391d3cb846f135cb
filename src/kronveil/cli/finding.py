"""Where the agent is, and with what right it is asked."""

import os
from collections.abc import Iterator
from pathlib import Path

from kronveil.cli.ending import WRONG_USAGE, end

DEFAULT_URL = "http://127.0.0.1:8080"
_ANY_HOST = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}  # noqa: S104 - read, not bound


def token() -> str | None:
    """The caller's token, from the environment: an argument would show in the machine's list of processes."""
    return os.environ.get("KRONVEIL_TOKEN", "").strip() or None


def credentials() -> dict[str, str]:
    """The header that says who asks, when there is a token to say it with."""
    held = token()
    if held is None:
        return {}
    if not (held.isascii() and held.isprintable()):
        end(WRONG_USAGE, "KRONVEIL_TOKEN holds what is no token. Put into it what `kronveil token create` printed.")
    return {"Authorization": f"Bearer {held}"}


def addresses(url: str | None) -> list[str]:
    """Where to ask, best first: what was said, else what agents of this user wrote down, else the default port."""
    if url is not None:
        return [_checked(url)]
    return list(dict.fromkeys([*_written_down(), DEFAULT_URL]))


def is_here(base: str) -> bool:
    """Whether the address is this very machine, which no proxy can reach for us."""
    from urllib.parse import urlsplit  # noqa: PLC0415 - keeps `kronveil --help` quick

    return urlsplit(base).hostname in {"localhost", "127.0.0.1", "::1"}


def reason_of(error: BaseException) -> str:
    """Why nobody was reached, in words; from the innermost cause that says something."""
    said = ""
    cause: BaseException | None = error
    while cause is not None:
        said = _plain(cause) or said
        cause = cause.__cause__ or cause.__context__
    return said or str(error) or type(error).__name__


def _plain(error: BaseException) -> str:
    import socket  # noqa: PLC0415
    import ssl  # noqa: PLC0415

    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted: {error.verify_message}"
    if isinstance(error, ssl.SSLError):
        return "it does not speak TLS; is it http:// ?"
    if isinstance(error, socket.gaierror):
        return "its name cannot be resolved"
    if isinstance(error, TimeoutError) or "Timeout" in type(error).__name__:
        return "no answer in time"
    return os.strerror(error.errno).lower() if isinstance(error, OSError) and error.errno else ""


def _checked(url: str) -> str:
    from urllib.parse import urlsplit  # noqa: PLC0415

    try:
        parts = urlsplit(url)
        is_good = parts.scheme in {"http", "https"} and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        is_good = False
    if not is_good:
        end(WRONG_USAGE, f"{url!r} is not the address of an agent. Write it like {DEFAULT_URL}.")
    return url.rstrip("/")


def _written_down() -> Iterator[str]:
    import json  # noqa: PLC0415

    from kronveil.config.places import state_folder  # noqa: PLC0415

    own = os.environ.get("KRONVEIL__AGENT__DATA_DIR")
    for folder in (Path(own) if own else state_folder(), state_folder().with_name("kronveil-demo")):
        try:
            ports = json.loads((folder / "ports.json").read_text(encoding="utf-8"))
            host, port = str(ports.get("host", "")), int(ports.get("api") or ports["dashboard"])
        except (OSError, ValueError, TypeError, KeyError, AttributeError):
            continue
        host = _ANY_HOST.get(host, host)
        yield f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
