"""What one report did to incidents, gathered while it is judged, so that the effects come out whole."""

from kronveil.logic.lifecycle import Case

_NO_CASES: dict[str, Case] = {}
_NO_WHY: dict[str, str] = {}


class Weighed:
    """What one observation did. ``touched`` counts it; ``changed`` is seen by people; ``turned`` was (re)opened by it.

    ``cite`` is the id of the stored event that stands for it; ``why`` says how it came to belong to a case. Most
    observations do nothing, so the dictionaries are made when something is put into them.
    """

    __slots__ = ("changed", "cite", "is_late", "touched", "turned", "why")

    def __init__(self, cite: str) -> None:
        self.cite = cite
        self.touched = self.changed = self.turned = _NO_CASES
        self.why = _NO_WHY
        self.is_late = False

    @property
    def is_turn(self) -> bool:
        """Whether an incident was opened or reopened by it: then it has a row of its own."""
        return bool(self.turned)

    def touch(self, case: Case) -> None:
        """The event belongs to the case."""
        if self.touched is _NO_CASES:
            self.touched = {}
        self.touched[case.id] = case

    def change(self, case: Case) -> None:
        """The event changed what a person sees of the case."""
        self.touch(case)
        if self.changed is _NO_CASES:
            self.changed = {}
        self.changed[case.id] = case

    def turn(self, case: Case, why: str) -> None:
        """The event opened or reopened the case."""
        self.change(case)
        if self.turned is _NO_CASES:
            self.turned = {}
        self.turned[case.id] = case
        self.because(case, why)

    def because(self, case: Case, why: str) -> None:
        """How it came to belong to the case; what was said first holds."""
        if self.why is _NO_WHY:
            self.why = {}
        self.why.setdefault(case.id, why)
