# The bundled rules. Approved runs of the built-in actions may act while live runs are on; automatic ones where the
# runbook is trusted that far and runbooks.auto_execute is on.
package kronveil.bundled

import rego.v1

# --- what is permitted ---

permit contains {"rule": "person", "text": "a person asks for it, and the actions are built in"} if {
	input.who.automatic == false
	acts_by_known_means
}

permit contains {"rule": "automatic", "text": "the runbook may act by itself, and the actions are built in"} if {
	input.who.automatic == true
	input.settings.auto_execute == true
	input.what.runbook.level == "automatic"
	acts_by_known_means
}

acts_by_known_means if {
	input.settings.live == true
	count(input.what.steps) > 0
	every step in input.what.steps {
		step.built_in == true
	}
}

# --- what is denied whatever else permits it ---

deny contains {"rule": "live-off", "text": "live runs are off (runbooks.live)"} if {
	input.settings.live == false
}

deny contains {"rule": "role", "text": sprintf("%s has none of the roles operator and approver", [input.who.name])} if {
	input.point == "propose"
	input.who.automatic == false
	not "operator" in input.who.roles
}

deny contains {"rule": "role", "text": sprintf("%s is no approver", [input.who.name])} if {
	input.point == "approve"
	not "approver" in input.who.roles
}

# What cannot be set back is never done without a person.
deny contains {"rule": "destroys", "text": sprintf("%s destroys something: a person must approve it", [step.name])} if {
	input.who.automatic == true
	some step in input.what.steps
	step.effect == "destroy"
}

# In a change freeze nothing is automatic, and only an admin signs.
deny contains {"rule": "freeze", "text": sprintf("change freeze %s: nothing is done automatically", [freeze.name])} if {
	input.who.automatic == true
	some freeze in input.when.freezes
}

deny contains {"rule": "freeze", "text": sprintf("change freeze %s: only an admin may approve", [freeze.name])} if {
	input.point == "approve"
	not "admin" in input.who.roles
	some freeze in input.when.freezes
}

# One that began after the signature was not known to whoever signed.
deny contains {"rule": "freeze", "text": sprintf("change freeze %s began after the approval", [freeze.name])} if {
	input.point == "start"
	input.who.automatic == false
	some freeze in input.when.freezes
	input.what.approved_at < freeze.began
}

deny contains {"rule": "hours", "text": "outside business hours nothing is done automatically"} if {
	input.who.automatic == true
	input.when.business_hours == false
}

# A runbook that did harm waits for a person until it has helped again.
deny contains {"rule": "harmful", "text": "the runbook did harm the last time: a person must approve it"} if {
	input.who.automatic == true
	input.record.last_verdict == "harmful"
}
