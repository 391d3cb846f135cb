"""How to reach one cluster, and as whom: what a kubeconfig, a service account or an exec plugin comes down to."""

import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from kronveil.sdk.secret import Secret

Stamps = dict[Path, int | None]


@dataclass(frozen=True, slots=True)
class Trust:
    """Whose certificates are believed: those of an authority (None: the system's), or anybody's."""

    authority: bytes | None = None
    is_insecure: bool = False


@dataclass(frozen=True, slots=True)
class ExecPlugin:
    """A program that hands out credentials. ``cluster`` is what it is told of the cluster, when it asks for that."""

    command: str
    arguments: tuple[str, ...] = field(repr=False)
    environment: Mapping[str, str] = field(repr=False)
    api_version: str
    install_hint: str = ""
    cluster: Mapping[str, object] | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Access:
    """How to reach one cluster, and as whom. ``stamps`` tell when the files it came from were changed."""

    server: str
    tls: ssl.SSLContext
    context: str
    token: Secret | None = None
    basic: tuple[str, Secret] | None = None
    stamps: Stamps = field(default_factory=dict[Path, int | None])
    trust: Trust = field(default_factory=Trust, repr=False)
    server_name: str = ""
    proxy: Secret | None = None
    impersonation: tuple[tuple[str, str], ...] = ()
    plugin: ExecPlugin | None = None

    @property
    def is_changed(self) -> bool:
        """Whether any of the files is another one than was read."""
        return any(stamp_of(path) != stamp for path, stamp in self.stamps.items())


def tls_context(trust: Trust, certificate: bytes | None = None, key: bytes | None = None) -> ssl.SSLContext:
    """Whom to trust, and which certificate to show. Raises OSError or ValueError for what is none."""
    if trust.is_insecure:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        tls.check_hostname = False
        tls.verify_mode = ssl.CERT_NONE
    else:
        tls = ssl.create_default_context(cadata=trust.authority.decode("ascii") if trust.authority else None)
    if certificate:
        # OpenSSL takes these from files only. The folder is readable for this user alone, and gone at once.
        with TemporaryDirectory() as folder:
            for name, text in (("certificate", certificate), ("key", key or b"")):
                (Path(folder) / name).write_bytes(text)
            tls.load_cert_chain(Path(folder) / "certificate", Path(folder) / "key" if key else None)
    return tls


def stamp_of(path: Path) -> int | None:
    """When a file was last changed; None when there is none to read."""
    try:
        found = path.stat()
    except OSError:
        return None
    # Two writes within one tick of the file system's clock differ in size or inode, nearly always.
    return hash((found.st_mtime_ns, found.st_size, found.st_ino))
