# ruff: noqa: D101 - each struct is the part of a kubeconfig of that name that is read
"""Kubeconfig files as they are written, and several of them as one, as kubectl merges them. Blocking."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, TypeVar

import msgspec

from kronveil.sdk.errors import Permanent


class Written(msgspec.Struct, rename="kebab"):
    """Everything below comes from a file."""


class ExecEnv(Written):
    name: str
    value: str = ""


class ExecConfig(Written, rename="camel"):
    command: str
    api_version: str = ""
    args: tuple[str, ...] | None = None
    env: tuple[ExecEnv, ...] | None = None
    install_hint: str | None = None
    provide_cluster_info: bool | None = None
    interactive_mode: str | None = None


class User(Written):
    token: str | None = None
    token_file: str | None = msgspec.field(default=None, name="tokenFile")
    client_certificate: str | None = None
    client_certificate_data: str | None = None
    client_key: str | None = None
    client_key_data: str | None = None
    username: str | None = None
    password: str | None = None
    exec: ExecConfig | None = None
    auth_provider: Any = None
    as_: str | None = msgspec.field(default=None, name="as")
    as_groups: tuple[str, ...] | None = None
    as_uid: str | None = None
    as_user_extra: dict[str, tuple[str, ...]] | None = None


class Extension(Written):
    name: str = ""
    extension: Any = None


class Cluster(Written):
    server: str = ""
    certificate_authority: str | None = None
    certificate_authority_data: str | None = None
    insecure_skip_tls_verify: bool | None = None
    tls_server_name: str | None = None
    proxy_url: str | None = None
    extensions: tuple[Extension, ...] | None = None


class Context(Written):
    cluster: str
    user: str = ""


class NamedCluster(Written):
    name: str
    cluster: Cluster


class NamedUser(Written):
    name: str
    user: User | None = None


class NamedContext(Written):
    name: str
    context: Context


class File(Written):
    clusters: tuple[NamedCluster, ...] | None = None
    contexts: tuple[NamedContext, ...] | None = None
    users: tuple[NamedUser, ...] | None = None
    current_context: str | None = None


# msgspec learns a type at its first use, and two threads that both are the first crash the process. The files of
# several clusters are read at once, so the type is learned here, where nothing runs beside it.
msgspec.json.Decoder(File)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class From(Generic[T]):
    """An entry, and the file that has it: names of files in it are relative to that."""

    entry: T
    file: Path

    def path(self, name: str) -> Path:
        """The file that the entry names."""
        return self.file.parent / Path(name).expanduser()


@dataclass(slots=True)
class Kubeconfig:
    """One file, or several as one: of two entries of one name the first counts."""

    files: tuple[Path, ...]
    current: str = ""
    clusters: dict[str, From[Cluster]] = field(default_factory=dict[str, From[Cluster]])
    users: dict[str, From[User]] = field(default_factory=dict[str, From[User]])
    contexts: dict[str, From[Context]] = field(default_factory=dict[str, From[Context]])

    @property
    def where(self) -> str:
        """The files, as KUBECONFIG has them."""
        return ":".join(map(str, self.files))


def read_files(files: Sequence[Path]) -> Kubeconfig:
    """The files as one. Raises Permanent for one that cannot be read, naming it."""
    merged = Kubeconfig(tuple(files))
    for file in files:
        one = _read(file)
        merged.current = merged.current or one.current_context or ""
        for cluster in one.clusters or ():
            merged.clusters.setdefault(cluster.name, From(cluster.cluster, file))
        for user in one.users or ():
            merged.users.setdefault(user.name, From(user.user or User(), file))
        for context in one.contexts or ():
            merged.contexts.setdefault(context.name, From(context.context, file))
    return merged


def _read(file: Path) -> File:
    from ruamel.yaml import YAML  # noqa: PLC0415 - imported when a cluster is opened, not when the program starts
    from ruamel.yaml.error import MarkedYAMLError  # noqa: PLC0415

    try:
        document: Any = YAML(typ="safe").load(file.read_text())
    except MarkedYAMLError as error:
        # The error's own text would quote the line, and the line may be a secret.
        where = f"{error.problem_mark.line + 1}:{error.problem_mark.column + 1}" if error.problem_mark else "?"
        raise Permanent(f"kubeconfig {file}:{where} is not valid YAML") from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not a text file"
        raise Permanent(f"kubeconfig {file} cannot be read: {reason}") from None
    try:
        return msgspec.convert(document, File)  # noqa: TID251 - its type was learned at import, see above
    except msgspec.ValidationError:
        raise Permanent(
            f"kubeconfig {file} is not one: it needs clusters, contexts and users, each with a name"
        ) from None
