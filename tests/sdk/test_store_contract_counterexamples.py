"""Each promise of the store contract fails for a store that breaks it: the contract can tell."""

from pathlib import Path

import pytest

from kronveil.sdk.storage import Unstorable
from kronveil.sdk.testing.store import StoreContract, promises

COUNTEREXAMPLES = {
    "test_what_is_saved_is_found_after_a_reopen": "bad_stores:open_forgetful",
    "test_a_receipt_is_found_after_a_reopen": "bad_stores:open_forgets_receipts",
    "test_concurrent_saves_lose_nothing": "bad_stores:open_drops_when_busy",
    "test_a_killed_writer_loses_nothing_acknowledged": "bad_stores:open_answers_early",
    "test_a_save_is_whole_or_not_at_all": "bad_stores:open_saves_piece_by_piece",
    "test_all_that_cannot_be_stored_is_named": "bad_stores:open_refuses_in_general",
    "test_odd_data_survives": "bad_stores:open_cleans_text",
    "test_bad_data_of_one_caller_fails_no_other": "bad_stores:open_fails_together",
    "test_a_cancelled_save_is_whole_or_absent_and_hinders_no_other": "bad_stores:open_saves_piece_by_piece",
    "test_a_cancelled_save_takes_no_other_with_it": "bad_stores:open_leads_unshielded",
    "test_changes_and_silences_are_found_after_a_reopen": "bad_stores:open_forgets_suspects",
    "test_what_is_stored_already_is_left_as_it_is": "bad_stores:open_replaces_events",
    "test_counters_are_added_as_given": "bad_stores:open_counts_new_only",
    "test_who_was_overtaken_saves_nothing_more": "bad_stores:open_lets_the_overtaken_write",
    "test_a_silence_ends_at_its_time_or_when_it_is_ended": "bad_stores:open_revives_silences",
    "test_a_page_of_changes_is_right_while_others_are_heard_of": "bad_finders:open_pages_changes_by_time_alone",
    "test_changes_are_found_by_what_and_when": "bad_finders:open_looks_only_back",
    "test_forgetting_takes_changes_too_and_spares_what_an_incident_suspects": "bad_stores:open_forgets_suspects",
    "test_a_start_gets_the_changes_of_the_day_before": "bad_stores:open_restores_all_changes",
    "test_a_cluster_is_never_heard_earlier_than_before": "bad_stores:open_believes_the_last_word",
    "test_an_incident_is_replaced_whole": "bad_stores:open_keeps_the_first_version",
    "test_a_page_is_right_while_rows_arrive": "bad_finders:open_pages_by_offset",
    "test_rows_of_one_instant_are_paged_without_gap_or_repeat": "bad_finders:open_pages_by_time_alone",
    "test_filters_narrow_and_miss_nothing": "bad_finders:open_filters_the_page",
    "test_incidents_are_found_by_words_and_counted_as_they_are_listed": "bad_finders:open_counts_everything",
    "test_an_unreadable_cursor_is_refused": "bad_finders:open_forgives_cursors",
    "test_forgetting_takes_slices_and_spares_what_an_incident_cites": "bad_forgetters:open_forgets_evidence",
    "test_a_change_is_known_by_all_who_suspect_it_over_or_not": "bad_finders:open_asks_the_open_only",
    "test_incidents_long_over_are_forgotten_by_whole_families": "bad_forgetters:open_tears_families",
    "test_forgetting_incidents_goes_on_where_it_ended": "bad_forgetters:open_begins_anew_each_time",
    "test_silences_long_ended_are_forgotten": "bad_forgetters:open_keeps_what_was_ended",
    "test_a_start_gets_what_may_still_change": "bad_stores:open_restores_open_only",
    "test_a_store_that_can_be_written_to_says_so": "bad_stores:open_leaves_traces",
}


@pytest.mark.anyio
@pytest.mark.parametrize("promise", COUNTEREXAMPLES)
async def test_a_store_that_breaks_a_promise_is_found_out(
    promise: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(Path(__file__).parent)  # also for the process that the contract kills
    contract = StoreContract()
    contract.opener = COUNTEREXAMPLES[promise]
    with pytest.raises((AssertionError, ExceptionGroup)) as found:
        await getattr(contract, promise)(tmp_path)
    assert _is_a_verdict(found.value), f"it broke in another way: {found.value!r}"


def test_every_promise_has_a_counterexample() -> None:
    assert set(promises()) == set(COUNTEREXAMPLES)


def _is_a_verdict(error: BaseException) -> bool:
    """An assertion of the contract, or the refusal of a save that should have been taken."""
    if isinstance(error, ExceptionGroup):
        return all(_is_a_verdict(part) for part in error.exceptions)
    return isinstance(error, AssertionError | Unstorable)
