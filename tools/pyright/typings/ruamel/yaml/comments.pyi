from typing import Any

class LineCol:
    line: int
    col: int
    data: dict[object, list[int]] | None
    def key(self, key: object) -> tuple[int, int]: ...
    def item(self, idx: object) -> tuple[int, int]: ...

class CommentedMap(dict[Any, Any]):
    lc: LineCol
    def copy(self) -> CommentedMap: ...
    def copy_attributes(self, t: CommentedMap) -> None: ...

class CommentedSeq(list[Any]):
    lc: LineCol
