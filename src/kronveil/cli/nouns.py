"""Commands that are nouns: alone they list, with a name they show one, with a verb they do something to it."""

from difflib import get_close_matches
from typing import Any

from typer.core import TyperGroup

SHOW = "show"


class Noun(TyperGroup):
    """`kronveil incidents`, `kronveil incidents ID`, `kronveil incidents VERB ID`. Its verb ``show`` needs no naming.

    Options written before a name or a verb (`--url U`, `--json`) are for it, as if they stood after it.
    """

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        """Which verb is meant."""
        if SHOW in self.commands and args[0] not in self.commands and not self._is_mistyped(args):
            args = [SHOW, *args]
        name, command, rest = super().resolve_command(ctx, args)
        return name, command, rest if command is None else [*self._given(ctx, command), *rest]

    def _is_mistyped(self, args: list[str]) -> bool:
        """A name stands alone: before another word, what looks like a verb was meant for one."""
        is_before_a_word = len(args) > 1 and not args[1].startswith("-")
        return is_before_a_word and bool(get_close_matches(args[0], self.commands))

    def _given(self, ctx: Any, command: Any) -> list[str]:
        """The options of the list that were written, for this verb; one that it does not take is a mistake."""
        taken = {each.name: each for each in command.params if each.param_type_name == "option"}
        words: list[str] = []
        for option in self.params:
            source = ctx.get_parameter_source(option.name)
            if source is None or source.name != "COMMANDLINE":
                continue
            if option.name not in taken:
                ctx.fail(f"{option.opts[0]} is for the list; it does not go with `{command.name}`.")
            value = ctx.params[option.name]
            words += [option.opts[0]] if value is True else [option.opts[0], str(value)]
        return words
