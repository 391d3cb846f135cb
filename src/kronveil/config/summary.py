"""What an agent with a valid configuration would do, for people and for programs: the answer of `kronveil check`."""

from dataclasses import asdict

from kronveil.config.cautions import cautions
from kronveil.config.loading import Config
from kronveil.config.settings import effective, shown


def in_words(config: Config) -> str:
    """Say in a few lines what would be watched, where it listens, and what is not in this version yet."""
    lines = [f"{config.file or 'The environment'} is valid.", *_watched(config), _listening(config)]
    lines += [f"  {name}: not in this version yet" for name in config.not_built]
    return "\n".join(lines)


def as_json(config: Config) -> dict[str, object]:
    """Give the same for programs, with every setting and its source; secrets are masked."""
    return {
        "valid": True,
        "file": str(config.file) if config.file else None,
        "problems": [],
        "warnings": [asdict(problem) for problem in cautions(config)],
        "not_in_this_version": list(config.not_built),
        "settings": [asdict(setting) for setting in effective(config)],
    }


def _watched(config: Config) -> list[str]:
    kubernetes = config.collectors.kubernetes
    if kubernetes is None or not kubernetes.clusters:
        return ["  kubernetes: no cluster is named, nothing will be watched. kronveil init names those you can reach."]
    lines = [f"  kubernetes: {counted(len(kubernetes.clusters), 'cluster')}"]
    for index, cluster in enumerate(kubernetes.clusters):
        key = f"collectors.kubernetes.clusters[{index}]"
        name = shown(config, f"{key}.name", cluster.name)
        spaces = ", ".join(shown(config, f"{key}.namespaces", cluster.namespaces)) or "all namespaces"
        lines.append(f"    {name}: {spaces}, {'may write' if cluster.write else 'read only'}")
    return lines


def counted(number: int, noun: str) -> str:
    """Write ``1 cluster``, ``2 clusters``."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _listening(config: Config) -> str:
    told: list[str] = []
    for what, key in (("API", "api"), ("console", "dashboard"), ("Prometheus", "prometheus"), ("health", "health")):
        port = shown(config, f"listen.{key}", getattr(config.listen, key))
        if port is not None:
            told.append(f"{what} on {port or 'a free port'}")
    host = shown(config, "listen.host", config.listen.host)
    return f"  listens on {host}: {', '.join(told) or 'nothing'}"
