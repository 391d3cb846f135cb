"""The promises of a store. Subclass ``StoreContract``, say how to open one, and mark the class for AnyIO.

Each promise has a deliberately bad store that breaks it, in ``tests/sdk/test_store_contract_counterexamples.py``.
"""

from collections.abc import Sequence

from kronveil.sdk.testing.store_finding import FindingPromises
from kronveil.sdk.testing.store_forgetting import ForgettingPromises
from kronveil.sdk.testing.store_saving import SavingPromises


class StoreContract(SavingPromises, FindingPromises, ForgettingPromises):
    """``opener`` names ``open(folder)``: opened again on the same folder, a store finds what was saved there."""


def promises() -> Sequence[str]:
    """The names of every promise of the contract."""
    return [name for name in dir(StoreContract) if name.startswith("test_")]
