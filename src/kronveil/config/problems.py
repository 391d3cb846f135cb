"""What is wrong with a configuration, each with its place, and all of it at once."""

from collections.abc import Iterable
from dataclasses import dataclass

from kronveil.sdk.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing the operator must edit. ``line`` and ``column`` count from 1 and are None outside a file.

    ``message`` and ``suggestion`` are whole sentences; neither repeats a secret nor the value of an unknown key.
    """

    file: str
    line: int | None
    column: int | None
    key: str
    message: str
    suggestion: str | None = None

    def __str__(self) -> str:
        place = ":".join(str(part) for part in (self.file, self.line, self.column) if part is not None)
        text = f"{place} {self.key}: {self.message}" if self.key else f"{place}: {self.message}"
        return f"{text} {self.suggestion}" if self.suggestion else text


class ConfigProblems(ConfigError):  # noqa: N818 - it holds problems, and says so
    """All problems of one configuration, in the order of the file. Its text is ready for the terminal."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(problems, key=_by_place))
        super().__init__("\n".join([*map(str, self.problems), f"{self.count_text}; nothing was started."]))

    @property
    def count_text(self) -> str:
        """How many problems there are and where: ``2 problems in kronveil.yaml``."""
        places = dict.fromkeys("the environment" if _is_environment(p) else p.file for p in self.problems)
        word = "problem" if len(self.problems) == 1 else "problems"
        return f"{len(self.problems)} {word} in {' and '.join(places)}"


def _is_environment(problem: Problem) -> bool:
    return problem.line is None and problem.file.startswith("environment")


def _by_place(problem: Problem) -> tuple[bool, int, int, str]:
    return (_is_environment(problem), problem.line or 0, problem.column or 0, problem.key)
