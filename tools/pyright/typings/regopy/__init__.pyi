# What we use of regopy, which has no types of its own.
from collections.abc import Sequence
from enum import IntEnum

class RegoError(Exception): ...

class LogLevel(IntEnum):
    NONE = 0
    ERROR = 1

class Result:
    expressions: list[object]

class Output:
    @property
    def results(self) -> Sequence[Result]: ...
    def ok(self) -> bool: ...

class Interpreter:
    log_level: LogLevel
    strict_built_in_errors: bool
    def add_module(self, name: str, source: str) -> None: ...
    def set_input(self, value: object) -> None: ...
    def query(self, query: str) -> Output: ...
