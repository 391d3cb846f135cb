"""The API's tokens, in a small file of their own: only their hashes, honoured as soon as the file has changed.

The command line writes it while the agent runs or not; the agent looks at it whenever a token is sent.
"""

import contextlib
import fcntl
import hashlib
import hmac
import json
import os
import secrets
from collections.abc import Generator, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import cast

from kronveil.api.roles import ROLES, Role
from kronveil.sdk.errors import ConfigError
from kronveil.sdk.secret import Secret

FILE = "tokens.json"
_MARK = "kvt"
_MOST_TOKENS = 1000


@dataclass(frozen=True, slots=True)
class Token:
    """What is known of a token; not the token. Times are RFC 3339, as the file holds them."""

    id: str
    name: str
    role: Role
    created_at: str
    expires_at: str | None
    salt: str
    hash: str

    def is_expired(self, now: datetime) -> bool:
        """Whether its time is over."""
        return self.expires_at is not None and datetime.fromisoformat(self.expires_at) <= now

    def matches(self, text: str) -> bool:
        """Whether this is its text; takes as long for a near miss as for any other."""
        return hmac.compare_digest(self.hash, _hash(self.salt, text))


class TokenFile:
    """The tokens in one data folder. Raises ConfigError, naming the file, when it is not ours any more."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / FILE
        self._seen: tuple[int, int, int] | None = None
        self._tokens: dict[str, Token] = {}

    def all(self) -> Sequence[Token]:
        """All of them, oldest first."""
        self._look()
        return tuple(self._tokens.values())

    def find(self, text: str) -> Token | None:
        """The token with this text; None when there is none. Expired ones are found too."""
        mark, _, rest = text.partition("_")
        token_id, _, _ = rest.partition("_")
        self._look()
        token = self._tokens.get(token_id) if mark == _MARK else None
        return token if token is not None and token.matches(text) else None

    def by_id(self, token_id: str) -> Token | None:
        """The token with this id, as the file has it now."""
        self._look()
        return self._tokens.get(token_id)

    def create(
        self, role: Role, name: str | None, lives: timedelta | None, now: datetime, *, token_id: str | None = None
    ) -> tuple[Token, Secret]:
        """A new token and its text, which is kept nowhere. Raises ConfigError for a name that is taken.

        ``token_id`` is eight hexadecimal digits that no token has yet; without, they are drawn.
        """
        if name is not None and is_reserved(name):
            raise ConfigError(f"{name} is what the agent calls callers without a token; give another name")
        token_id = token_id or secrets.token_hex(4)
        text, salt = f"{_MARK}_{token_id}_{secrets.token_urlsafe(32)}", secrets.token_hex(16)
        token = Token(
            id=token_id,
            name=name or f"{role}-{token_id}",
            role=role,
            created_at=now.isoformat(timespec="seconds"),
            expires_at=None if lives is None else (now + lives).isoformat(timespec="seconds"),
            salt=salt,
            hash=_hash(salt, text),
        )
        with self._changing() as tokens:
            taken = next((each for each in tokens.values() if token.name in (each.name, each.id)), None)
            if taken is not None:
                raise ConfigError(f"there is a token named {token.name} already; revoke it first, or give another name")
            if len(tokens) >= _MOST_TOKENS:
                raise ConfigError(f"there are {_MOST_TOKENS} tokens already; revoke those that nobody uses")
            tokens[token.id] = token
        return token, Secret(text)

    def revoke(self, id_or_name: str) -> Token | None:
        """Forget a token; None when there is none of that id or name."""
        with self._changing() as tokens:
            found = next((each for each in tokens.values() if id_or_name in (each.id, each.name)), None)
            if found is not None:
                del tokens[found.id]
            return found

    def _look(self) -> None:
        """Read the file again when it is another one than was read."""
        try:
            stat = self.path.stat()
        except FileNotFoundError:
            self._seen, self._tokens = None, {}
            return
        except OSError as error:
            raise ConfigError(f"{self.path} cannot be read: {error.strerror}") from error
        seen = (stat.st_mtime_ns, stat.st_size, stat.st_ino)
        if seen != self._seen:
            self._tokens = self._read()
            self._seen = seen

    def _read(self) -> dict[str, Token]:
        try:
            tokens = [Token(**each) for each in json.loads(self.path.read_text(encoding="utf-8"))["tokens"]]
            for token in tokens:
                _check(token)
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise ConfigError(
                f"{self.path} is not a file of tokens any more ({type(error).__name__}).\n"
                "Restore it, or move it away and create the tokens anew with `kronveil token create`."
            ) from error
        return {token.id: token for token in tokens}

    @contextlib.contextmanager
    def _changing(self) -> Generator[dict[str, Token]]:
        """The tokens to change; written when the block is left without an error. One writer at a time."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with _open_private(self.path.with_suffix(".lock")) as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                self._look()
                tokens = dict(self._tokens)
                yield tokens
                if tokens != self._tokens:
                    self._write(tokens)
        except OSError as error:
            raise ConfigError(f"{self.path} cannot be written: {error.strerror}") from error

    def _write(self, tokens: dict[str, Token]) -> None:
        draft = self.path.with_suffix(".tmp")
        draft.unlink(missing_ok=True)
        with _open_private(draft) as file:
            text = json.dumps({"tokens": [asdict(each) for each in tokens.values()]}, indent=1)
            os.write(file, text.encode() + b"\n")
            os.fsync(file)
        draft.replace(self.path)
        self._look()


def is_reserved(name: str) -> bool:
    """Whether it stands for somebody else in timelines and the audit. With the name ``local`` a token would be exempt
    from the ban on approving what one asked for; with ``kronveil`` it would sign as the agent."""
    return name.casefold() in {"local", "kronveil", "bootstrap"}


def _check(token: Token) -> None:
    read = cast("tuple[object, ...]", (token.id, token.name, token.hash))
    if token.role not in ROLES or not all(isinstance(each, str) for each in read):
        raise ValueError(token.role)
    if token.expires_at is not None:
        expires_at = datetime.fromisoformat(token.expires_at)
        if expires_at.tzinfo is None:
            raise ValueError(token.expires_at)


def _hash(salt: str, text: str) -> str:
    # A token is 256 random bits: a slow hash, as for what people choose, would add nothing.
    return hashlib.sha256(f"{salt}{text}".encode()).hexdigest()


@contextlib.contextmanager
def _open_private(path: Path) -> Generator[int]:
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        yield file
    finally:
        os.close(file)
