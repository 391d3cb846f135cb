"""Every bundled story, played to the whole agent: what should be found is found in time, and nothing else."""

import pytest

from kronveil.cli.story_run import play_to_the_agent
from kronveil.lab import Mark, Story, list_stories

pytestmark = pytest.mark.anyio
SPEED = 10


@pytest.mark.parametrize("story", list_stories(), ids=lambda story: story.name)
async def test_a_story_is_found_whole_in_time_and_without_a_false_incident(story: Story):
    card = await play_to_the_agent(story, seed=7, speed=SPEED)
    assert [row for row in card.rows if row.mark is not Mark.FOUND] == []
    assert len(card.rows) == len(story.expected)
