"""What is valid and yet worth a word before the agent starts: `check` prints these and still says valid."""

import ipaddress
from collections.abc import Iterator

from kronveil.config.loading import Config
from kronveil.config.problems import Problem


def cautions(config: Config) -> list[Problem]:
    """Give what the operator may want to know. None of it keeps the agent from being started with this file."""
    return [*_kubeconfigs(config), *_open_to_others(config)]


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach ``host``."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def _kubeconfigs(config: Config) -> Iterator[Problem]:
    clusters = config.collectors.kubernetes.clusters if config.collectors.kubernetes else ()
    for index, cluster in enumerate(clusters):
        writing = cluster.write.kubeconfig_path if cluster.write else None
        for path, below in ((cluster.kubeconfig_path, ""), (writing, ".write")):
            if path is not None and not path.is_file():
                yield _at(
                    config,
                    f"collectors.kubernetes.clusters[{index}]{below}.kubeconfig_path",
                    "there is no such file now.",
                    "The cluster stays unreachable until there is.",
                )


def _open_to_others(config: Config) -> Iterator[Problem]:
    if config.api.bootstrap_token is not None:
        return
    if not is_loopback(config.listen.host):
        yield _at(config, "listen.host", "other machines can call, so every call needs a token.", _MAKE_A_TOKEN)
    elif config.api.auth == "required":
        yield _at(config, "api.auth", "every call needs a token.", _MAKE_A_TOKEN)


_MAKE_A_TOKEN = "Make one with kronveil token create, or set api.bootstrap_token: ${file:PATH}."  # noqa: S105 - advice


def _at(config: Config, key: str, message: str, suggestion: str) -> Problem:
    origin = config.origins.get(key)
    if origin is None:
        return Problem(str(config.file or "default"), None, None, key, message, suggestion)
    line, column = origin.place.value or (None, None)
    return Problem(origin.place.file, line, column, key, message, suggestion)
