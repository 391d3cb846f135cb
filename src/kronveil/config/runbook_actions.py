"""Which actions a runbook may name, and what is known of each before it is asked."""

from collections.abc import Mapping

from kronveil.actions import BUILT_IN
from kronveil.actions.run_diagnostic import CATALOGUE
from kronveil.agent.reviewing import REVIEWS, Review
from kronveil.logic.expressions import Kind, ListOf, Scalar
from kronveil.logic.linting import ActionShape, Takes, Variant
from kronveil.sdk.actions import ActionComponent, Finding

_KINDS: Mapping[str, Kind] = {
    "text": Scalar.TEXT,
    "number": Scalar.NUMBER,
    "flag": Scalar.FLAG,
    "texts": ListOf(Scalar.TEXT),
}
_VARIANTS: Mapping[str, tuple[str, Mapping[str, Variant]]] = {
    "run_diagnostic": (
        "check",
        {
            each.name: Variant(each.takes, {name: _KINDS.get(type_, Scalar.ANY) for name, type_ in each.finds.items()})
            for each in CATALOGUE.values()
        },
    )
}


def known_actions() -> dict[str, ActionShape]:
    """The built-in ones, and those that look at what Kronveil itself kept."""
    known: list[ActionComponent | Review] = [*BUILT_IN, *REVIEWS]
    return {each.name: shape_of(each) for each in known}


def shape_of(action: ActionComponent | Review) -> ActionShape:
    """What linting needs of an action's declaration."""
    takes = {each.name: Takes(each.type, each.is_required) for each in action.takes}
    finds = None if action.finds is None else {each.name: _kind(each) for each in action.finds}
    varies_by, variants = _VARIANTS.get(action.name, ("", {}))
    return ActionShape(action.effect, takes, finds, varies_by, variants)


def _kind(finding: Finding) -> Kind:
    return _KINDS[finding.type]
