"""A kubeconfig, read into what a connection needs. Blocking: called in a thread, at the start and after changes."""

import os
import ssl
from base64 import b64decode
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from kronveil.sdk.errors import Permanent
from kronveil.sdk.secret import Secret

if TYPE_CHECKING:
    from lightkube.config.kubeconfig import KubeConfig, SingleConfig
    from lightkube.config.models import User

SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
Stamps = dict[Path, int | None]


@dataclass(frozen=True, slots=True)
class Access:
    """How to reach one cluster, and as whom. ``stamps`` tell when the files it came from were changed."""

    server: str
    tls: ssl.SSLContext
    context: str
    token: Secret | None = None
    basic: tuple[str, Secret] | None = None
    stamps: Stamps = field(default_factory=dict)

    @property
    def is_changed(self) -> bool:
        """Whether any of the files is another one than was read."""
        return any(_stamp(path) != stamp for path, stamp in self.stamps.items())


def read_access(path: Path | None, context: str | None) -> Access:
    """Read the named context (or the current one) of a kubeconfig (or the default one).

    Raises Permanent, naming the file and what it does have.
    """
    from lightkube.config.kubeconfig import KubeConfig  # noqa: PLC0415 - the vendor's code is imported when opened

    file = path.expanduser() if path else _default_file()
    if file is None:
        return _access(_select(KubeConfig.from_service_account(SERVICE_ACCOUNT), context, SERVICE_ACCOUNT), None)
    stamp = _stamp(file)
    if stamp is None:
        raise Permanent(f"kubeconfig {file} does not exist. Set kubeconfig_path to the file kubectl uses")
    one = _select(_parse(file), context, file)
    return _access(one, (file, stamp))


def _default_file() -> Path | None:
    """The file kubectl would use; None inside a cluster without one."""
    named = [Path(part).expanduser() for part in os.environ.get("KUBECONFIG", "").split(os.pathsep) if part]
    files = named or [Path("~/.kube/config").expanduser()]
    existing = [file for file in files if file.is_file()]
    if existing:
        return existing[0]
    in_cluster = (SERVICE_ACCOUNT / "token").is_file() and "KUBERNETES_SERVICE_HOST" in os.environ
    return None if in_cluster else files[0]


def _parse(file: Path) -> "KubeConfig":
    import msgspec  # noqa: PLC0415
    from lightkube.config.kubeconfig import KubeConfig  # noqa: PLC0415
    from ruamel.yaml import YAML  # noqa: PLC0415
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
        return KubeConfig.from_dict(document, fname=file)
    except (KeyError, TypeError, AttributeError, msgspec.ValidationError):
        raise Permanent(
            f"kubeconfig {file} is not one: it needs clusters, contexts and users, each with a name"
        ) from None


def _select(config: "KubeConfig", context: str | None, file: Path) -> "SingleConfig":
    from lightkube.config.kubeconfig import SingleConfig  # noqa: PLC0415

    name = context or config.current_context
    known = ", ".join(sorted(config.contexts)) or "none"
    if not name:
        raise Permanent(f"kubeconfig {file} has no current-context. Set context to one of: {known}")
    chosen = config.contexts.get(name)
    if chosen is None:
        raise Permanent(f"kubeconfig {file} has no context {name!r}. It has: {known}")
    if chosen.cluster not in config.clusters:
        raise Permanent(
            f"context {name!r} of {file} names the cluster {chosen.cluster!r}, which the file does not have"
        )
    if chosen.user and chosen.user not in config.users:
        raise Permanent(f"context {name!r} of {file} names the user {chosen.user!r}, which the file does not have")
    user = config.users[chosen.user] if chosen.user else None
    return SingleConfig(name, chosen, config.clusters[chosen.cluster], user, config.fname)


def _access(one: "SingleConfig", source: tuple[Path, int] | None) -> Access:
    from lightkube.config.models import User  # noqa: PLC0415

    user = one.user or User()
    where = f"context {one.context_name!r} of {one.fname}"
    if user.exec or user.auth_provider:
        plugin = f"exec plugins ({user.exec.command})" if user.exec else "auth providers"
        raise Permanent(
            f"{where}: {plugin} are not in this version yet. Use a client certificate, a token or a token file"
        )
    stamps: Stamps = dict([source]) if source else {}
    named = (one.cluster.certificate_auth, user.client_cert, user.client_key, user.token_file)
    for path in [Path(one.abs_file(name)) for name in named if name]:
        stamps[path] = _stamp(path)
        if stamps[path] is None:
            raise Permanent(f"{where} names the file {path}, which does not exist or cannot be read")
    try:
        tls = _tls(one, user)
    except (OSError, ValueError, TypeError) as error:
        reason = (getattr(error, "reason", None) or type(error).__name__).replace("_", " ").lower()
        raise Permanent(f"{where}: its certificates cannot be loaded: {reason}") from None
    # The token file wins, as it does for kubectl: it is the one that is renewed.
    text = Path(one.abs_file(user.token_file)).read_text().strip() if user.token_file else user.token
    basic = (user.username, Secret(user.password)) if user.username and user.password else None
    return Access(
        server=one.cluster.server.rstrip("/"),
        tls=tls,
        context=one.context_name,
        token=Secret(text) if text else None,
        basic=basic,
        stamps=stamps,
    )


def _tls(one: "SingleConfig", user: "User") -> ssl.SSLContext:
    """Whom to trust, and which certificate to show."""
    cluster = one.cluster
    if cluster.insecure:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        tls.check_hostname = False
        tls.verify_mode = ssl.CERT_NONE
    else:
        authority = _pem(one, cluster.certificate_auth, cluster.certificate_auth_data)
        tls = ssl.create_default_context(cadata=authority.decode("ascii") if authority else None)
    certificate = _pem(one, user.client_cert, user.client_cert_data)
    if certificate:
        key = _pem(one, user.client_key, user.client_key_data)
        # OpenSSL takes these from files only. The folder is readable for this user alone, and gone at once.
        with TemporaryDirectory() as folder:
            for name, text in (("certificate", certificate), ("key", key or b"")):
                (Path(folder) / name).write_bytes(text)
            tls.load_cert_chain(Path(folder) / "certificate", Path(folder) / "key" if key else None)
    return tls


def _pem(one: "SingleConfig", name: str | None, data: str | None) -> bytes | None:
    """A certificate or key from the kubeconfig itself, which wins, or from the file it names."""
    if data:
        return b64decode(data, validate=True)
    return Path(one.abs_file(name)).read_bytes() if name else None


def _stamp(path: Path) -> int | None:
    """When a file was last changed; None when there is none to read."""
    try:
        found = path.stat()
    except OSError:
        return None
    # Two writes within one tick of the file system's clock differ in size or inode, nearly always.
    return hash((found.st_mtime_ns, found.st_size, found.st_ino))
