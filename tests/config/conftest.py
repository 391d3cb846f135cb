"""Writes a configuration into a folder of the test's own and loads it with an environment of the test's own."""

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from kronveil.config import Config, ConfigProblems, load

Loads = Callable[..., Config]
Refuses = Callable[..., list[str]]


@pytest.fixture
def loads(tmp_path: Path) -> Loads:
    """``loads(text, {"NAME": "value"})``: the configuration of a valid text."""

    def loads(text: str, environ: Mapping[str, str] | None = None) -> Config:
        file = tmp_path / "kronveil.yaml"
        file.write_text(text, encoding="utf-8")
        return load(file, {"HOME": "/home/me", **(environ or {})})

    return loads


@pytest.fixture
def refuses(loads: Loads, tmp_path: Path) -> Refuses:
    """``refuses(text, environ)``: the problems of a wrong text, a line each, without the test's folder."""

    def refuses(text: str, environ: Mapping[str, str] | None = None) -> list[str]:
        with pytest.raises(ConfigProblems) as caught:
            loads(text, environ)
        return str(caught.value).replace(f"{tmp_path}/", "").splitlines()[:-1]

    return refuses
