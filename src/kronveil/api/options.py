"""What the operator decided about the API: who may call, from where, and where the built console lies."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from kronveil.api.limits import Proxies
from kronveil.api.pace import Pace
from kronveil.api.tokens import TokenFile
from kronveil.model.observation import Observation
from kronveil.sdk.errors import ConfigError
from kronveil.sdk.notifiers import Notifier
from kronveil.sdk.secret import Secret

Inject = Callable[[str, Observation], Awaitable[None]]
"""Tells the agent of an object of a cluster, by name. Raises NotFound."""
BUILT_CONSOLE = Path(__file__).parent / "console"


@dataclass(frozen=True, slots=True)
class NamedNotifier:
    """A way to tell people, with what it is in words."""

    summary: str
    notifier: Notifier


@dataclass(frozen=True, slots=True)
class ApiOptions:
    """``is_loopback``: every address the API listens on is a loopback one. ``console``: the folder of the built
    console, None for the package's own. ``inject``: what ``POST test/inject`` calls; without it there is none."""

    is_loopback: bool = True
    auth: Literal["auto", "required"] = "auto"
    bootstrap_token: Secret | None = None
    tokens: TokenFile | None = None
    allowed_hosts: tuple[str, ...] = ()
    allowed_origins: tuple[str, ...] = ()
    trusted_proxies: tuple[str, ...] = ()
    console: Path | None = None
    pace: Pace = field(default_factory=Pace)
    notifiers: Mapping[str, NamedNotifier] = field(default_factory=dict[str, NamedNotifier])
    inject: Inject | None = None

    @property
    def needs_token(self) -> bool:
        """Whether a caller without a token is a stranger."""
        return self.auth == "required" or not self.is_loopback

    def check(self) -> None:
        """Raise ConfigError when nobody could ever call, or a trusted proxy is none."""
        Proxies(self.trusted_proxies)
        if self.needs_token and not self.bootstrap_token and not (self.tokens and self.tokens.all()):
            why = "api.auth is required" if self.auth == "required" else "listen.host is not a loopback address"
            raise ConfigError(
                f"{why}, and there is no token that could be asked for.\n"
                "Make one with `kronveil token create --role admin -c FILE`, or set api.bootstrap_token, for example "
                "to ${file:/run/secrets/kronveil-token}, or listen on 127.0.0.1 with api.auth: auto."
            )
