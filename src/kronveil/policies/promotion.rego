# Whether a runbook may be trusted one level more: asked when a person wants that, and answered by its record alone.
# A directory of your own (policy.directory) that has this package replaces this file.
package kronveil.promotion

import rego.v1

default allow := false

allow if {
	count(permit) > 0
	count(deny) == 0
}

# How many runs must have helped in a row, at the level before, to act without being asked.
effective_needed := 5

permit contains {"rule": "seen", "text": "it matched often enough to show what it would do"} if {
	input.from == "observe"
	input.to == "suggest"
	input.record.observe.matched >= 3
}

permit contains {"rule": "rehearsed", "text": "its plans were made often enough to be signed"} if {
	input.from == "suggest"
	input.to == "approve"
	input.record.suggest.rehearsed >= 3
	input.record.suggest.differed <= input.record.suggest.agreed
}

permit contains {"rule": "effective", "text": sprintf("%d runs in a row helped", [input.effective_in_a_row])} if {
	input.from == "approve"
	input.to == "automatic"
	input.effective_in_a_row >= effective_needed
	input.record.approve.effective >= effective_needed
}

deny contains {"rule": "harmful", "text": "it did harm at this level"} if {
	input.record[input.from].harmful > 0
}

deny contains {"rule": "one-level", "text": "levels are gained one at a time"} if {
	not next_level[input.from] == input.to
}

deny contains {"rule": "too-few", "text": sprintf("%d of %d runs in a row helped so far", [input.effective_in_a_row, effective_needed])} if {
	input.from == "approve"
	input.to == "automatic"
	input.effective_in_a_row < effective_needed
}

next_level := {"observe": "suggest", "suggest": "approve", "approve": "automatic"}
