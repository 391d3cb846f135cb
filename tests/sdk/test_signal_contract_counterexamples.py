"""Each promise of a store of values fails for one that breaks it: the contract can tell."""

from pathlib import Path

import pytest

from kronveil.sdk.testing.signals import SignalStoreContract, promises

COUNTEREXAMPLES = {
    "test_what_is_kept_is_found_after_a_reopen": "open_forgetful",
    "test_what_was_not_measured_is_absent": "open_fills_in_zeros",
    "test_what_comes_again_or_late_is_kept_once": "open_believes_the_reading",
    "test_a_pod_is_the_sum_of_its_containers": "open_tells_one_container",
    "test_a_page_of_series_goes_on_where_the_last_one_ended": "open_pages_by_name",
    "test_filters_narrow_and_miss_nothing": "open_finds_by_beginning",
    "test_a_range_leaves_out_what_is_outside_and_tells_the_newest": "open_reads_on",
    "test_forgetting_takes_what_is_old_and_spares_the_rest": "open_forgets_nothing",
    "test_series_are_counted_as_they_are_listed": "open_counts_pods_only",
}


@pytest.mark.anyio
@pytest.mark.parametrize("promise", COUNTEREXAMPLES)
async def test_a_store_that_breaks_a_promise_is_found_out(promise: str, tmp_path: Path) -> None:
    contract = SignalStoreContract()
    contract.opener = f"tests.sdk.bad_signals:{COUNTEREXAMPLES[promise]}"
    with pytest.raises((AssertionError, KeyError)):
        await getattr(contract, promise)(tmp_path)


def test_every_promise_has_a_counterexample() -> None:
    assert set(promises()) == set(COUNTEREXAMPLES)
