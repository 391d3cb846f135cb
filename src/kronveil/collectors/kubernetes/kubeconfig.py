"""A kubeconfig, read into what a connection needs. Blocking: called in a thread, at the start and after changes."""

import os
from base64 import b64decode
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlsplit

from kronveil.collectors.kubernetes.access import Access, ExecPlugin, Stamps, Trust, stamp_of, tls_context
from kronveil.collectors.kubernetes.kubeconfig_file import Cluster, ExecConfig, From, Kubeconfig, User, read_files
from kronveil.sdk.errors import Permanent
from kronveil.sdk.secret import Secret

SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
EXEC_VERSIONS = tuple(f"client.authentication.k8s.io/{version}" for version in ("v1", "v1beta1"))
EXEC_EXTENSION = "client.authentication.k8s.io/exec"
PROXIES = ("http", "https", "socks5", "socks5h")


@dataclass(frozen=True, slots=True)
class _Chosen:
    """A context with its cluster and user."""

    context: str
    cluster: From[Cluster]
    user: From[User]
    stamps: Stamps

    @property
    def where(self) -> str:
        return f"context {self.context!r} of {self.user.file}"


def read_access(path: Path | None, context: str | None, *, service_account: Path = SERVICE_ACCOUNT) -> Access:
    """Read the named context (or the current one) of a kubeconfig (or of the default ones).

    Raises Permanent, naming the file and what it does have.
    """
    files = [path.expanduser()] if path else _default_files(service_account)
    if not files:
        return _access(_in_cluster(service_account))
    # Before they are read: what is written meanwhile must count as a change.
    stamps: Stamps = {file: stamp_of(file) for file in files}
    existing = [file for file in files if stamps[file] is not None]
    if not existing:
        raise Permanent(f"kubeconfig {files[0]} does not exist. Set kubeconfig_path to the file kubectl uses")
    return _access(_select(read_files(existing), context, stamps))


def _default_files(service_account: Path) -> list[Path]:
    """The files kubectl would use; none inside a cluster without one."""
    named = [Path(part).expanduser() for part in os.environ.get("KUBECONFIG", "").split(os.pathsep) if part]
    files = named or [Path("~/.kube/config").expanduser()]
    in_cluster = (service_account / "token").is_file() and "KUBERNETES_SERVICE_HOST" in os.environ
    return [] if in_cluster and not any(file.is_file() for file in files) else files


def _in_cluster(folder: Path) -> _Chosen:
    host, port = os.environ["KUBERNETES_SERVICE_HOST"], os.environ.get("KUBERNETES_SERVICE_PORT", "443")
    server = f"https://[{host}]:{port}" if ":" in host else f"https://{host}:{port}"
    cluster = Cluster(server=server, certificate_authority=str(folder / "ca.crt"))
    user = User(token_file=str(folder / "token"))
    return _Chosen("service account", From(cluster, folder), From(user, folder), {})


def _select(config: Kubeconfig, context: str | None, stamps: Stamps) -> _Chosen:
    name, file = context or config.current, config.where
    known = ", ".join(sorted(config.contexts)) or "none"
    if not name:
        raise Permanent(f"kubeconfig {file} has no current-context. Set context to one of: {known}")
    if name not in config.contexts:
        raise Permanent(f"kubeconfig {file} has no context {name!r}. It has: {known}")
    chosen = config.contexts[name].entry
    if chosen.cluster not in config.clusters:
        raise Permanent(
            f"context {name!r} of {file} names the cluster {chosen.cluster!r}, which the file does not have"
        )
    if chosen.user and chosen.user not in config.users:
        raise Permanent(f"context {name!r} of {file} names the user {chosen.user!r}, which the file does not have")
    user = config.users[chosen.user] if chosen.user else From(User(), config.contexts[name].file)
    return _Chosen(name, config.clusters[chosen.cluster], user, stamps)


def _access(one: _Chosen) -> Access:
    user, cluster = one.user.entry, one.cluster.entry
    if user.auth_provider:
        raise Permanent(f"{one.where}: auth providers are no longer supported by Kubernetes. Use an exec plugin")
    stamps = _stamps(one)
    try:
        trust = Trust(
            _pem(one.cluster, cluster.certificate_authority, cluster.certificate_authority_data),
            is_insecure=bool(cluster.insecure_skip_tls_verify),
        )
        tls = tls_context(
            trust,
            _pem(one.user, user.client_certificate, user.client_certificate_data),
            _pem(one.user, user.client_key, user.client_key_data),
        )
    except (OSError, ValueError, TypeError) as error:
        reason = (getattr(error, "reason", None) or type(error).__name__).replace("_", " ").lower()
        raise Permanent(f"{one.where}: its certificates cannot be loaded: {reason}") from None
    # The token file wins, as it does for kubectl: it is the one that is renewed.
    text = one.user.path(user.token_file).read_text().strip() if user.token_file else user.token
    return Access(
        server=cluster.server.rstrip("/"),
        tls=tls,
        context=one.context,
        token=Secret(text) if text else None,
        basic=(user.username, Secret(user.password)) if user.username and user.password else None,
        stamps=stamps,
        trust=trust,
        server_name=cluster.tls_server_name or "",
        proxy=_proxy(one, cluster.proxy_url),
        impersonation=_impersonation(one, user),
        plugin=_plugin(one, user.exec) if user.exec else None,
    )


def _stamps(one: _Chosen) -> Stamps:
    stamps = dict(one.stamps)
    user = one.user.entry
    named = [(one.cluster, one.cluster.entry.certificate_authority)]
    paths = [origin.path(name) for origin, name in named if name]
    paths += [one.user.path(name) for name in (user.client_certificate, user.client_key, user.token_file) if name]
    for path in paths:
        stamps[path] = stamp_of(path)
        if stamps[path] is None:
            raise Permanent(f"{one.where} names the file {path}, which does not exist or cannot be read")
    return stamps


def _pem(origin: From[Cluster] | From[User], name: str | None, data: str | None) -> bytes | None:
    """A certificate or key from the kubeconfig itself, which wins, or from the file it names."""
    if data:
        return b64decode(data, validate=True)
    return origin.path(name).read_bytes() if name else None


def _proxy(one: _Chosen, url: str | None) -> Secret | None:
    if not url:
        return None
    # The address may hold a password: it is not repeated.
    if urlsplit(url).scheme not in PROXIES or not urlsplit(url).hostname:
        raise Permanent(f"{one.where}: its proxy-url is not one that can be used. Write http:// or socks5://host:port")
    if urlsplit(url).scheme.startswith("socks5") and find_spec("socksio") is None:
        raise Permanent(f"{one.where}: its proxy-url needs the package socksio. Install kronveil[socks]")
    return Secret(url)


def _impersonation(one: _Chosen, user: User) -> tuple[tuple[str, str], ...]:
    headers = [("impersonate-user", user.as_)] if user.as_ else []
    headers += [("impersonate-group", group) for group in user.as_groups or ()]
    headers += [("impersonate-uid", user.as_uid)] if user.as_uid else []
    for name, values in (user.as_user_extra or {}).items():
        headers += [(f"impersonate-extra-{name}", value) for value in values]
    if headers and not user.as_:
        raise Permanent(f"{one.where}: as-groups, as-uid and as-user-extra need as: the user to act as")
    return tuple(headers)


def _plugin(one: _Chosen, config: ExecConfig) -> ExecPlugin:
    if config.api_version not in EXEC_VERSIONS:
        known = " or ".join(EXEC_VERSIONS)
        raise Permanent(f"{one.where}: its exec plugin {config.command} speaks {config.api_version!r}. Use {known}")
    if config.interactive_mode == "Always":
        raise Permanent(f"{one.where}: its exec plugin {config.command} asks a person; nobody is here to answer")
    is_path = os.sep in config.command
    return ExecPlugin(
        command=str(one.user.path(config.command)) if is_path else config.command,
        arguments=config.args or (),
        environment={each.name: each.value for each in config.env or ()},
        api_version=config.api_version,
        install_hint=" ".join((config.install_hint or "").split()),
        cluster=_told_of(one.cluster) if config.provide_cluster_info else None,
    )


def _told_of(origin: From[Cluster]) -> dict[str, object]:
    """What a plugin is told of the cluster, in its own words."""
    cluster = origin.entry
    told: dict[str, object] = {"server": cluster.server}
    if cluster.tls_server_name:
        told["tls-server-name"] = cluster.tls_server_name
    if cluster.insecure_skip_tls_verify:
        told["insecure-skip-tls-verify"] = True
    if cluster.certificate_authority_data:
        told["certificate-authority-data"] = cluster.certificate_authority_data
    if cluster.proxy_url:
        told["proxy-url"] = cluster.proxy_url
    for extension in cluster.extensions or ():
        if extension.name == EXEC_EXTENSION:
            told["config"] = extension.extension
    return told
