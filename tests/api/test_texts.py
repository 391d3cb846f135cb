"""What is kept of incidents encoded for lists: the newest of each, and never more than so many bytes."""

from dataclasses import replace

import msgspec

from kronveil.api import texts
from kronveil.api.texts import IncidentTexts
from kronveil.model.incident import Incident, Moment
from tests.logic.scenes import Stage, at, pulling


def incident() -> Incident:
    stage = Stage()
    stage.pod(0, pulling())
    return stage.only()


def test_an_incident_that_changes_all_the_time_is_kept_once() -> None:
    kept, first = IncidentTexts(), incident()
    for version in range(1, 300):
        (text,) = kept.of([replace(first, version=version, event_count=version)])
        assert msgspec.json.decode(text)["event_count"] == version
    assert len(kept._kept) == 1
    assert kept._bytes == len(next(iter(kept._kept.values()))[1])


def test_an_unchanged_incident_is_encoded_once_and_an_older_one_takes_no_place() -> None:
    kept, first = IncidentTexts(), incident()
    newer = replace(first, version=first.version + 1, title="newer")
    (one,) = kept.of([newer])
    assert msgspec.json.decode(kept.of([first])[0])["title"] == first.title
    assert bytes(kept.of([newer])[0]) == bytes(one)
    assert kept._kept[newer.id][0] == newer.version


def test_long_stories_of_many_incidents_are_bounded_in_bytes() -> None:
    kept, first = IncidentTexts(), incident()
    story = tuple(Moment(at(nth), "evidence", "x" * 500) for nth in range(200))
    for nth in range(400):
        kept.of([replace(first, id=f"inc_{nth}", timeline=story)])
    assert kept._bytes <= texts.MOST_BYTES
    assert kept._bytes == sum(len(text) for _, text in kept._kept.values())
    assert f"inc_{399}" in kept._kept
