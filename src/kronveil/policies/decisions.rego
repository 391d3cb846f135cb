# What the agent asks before a run is proposed, when it is approved, and again before its first step that changes
# anything. Nothing is allowed that no rule permits, and one rule that denies is enough.
#
# A directory of your own (policy.directory) that has this package replaces this file; the rules of package
# kronveil.bundled stay there to be taken over, as here, or left out.
package kronveil.policy

import rego.v1

default allow := false

allow if {
	count(permit) > 0
	count(deny) == 0
}

permit contains reason if some reason in data.kronveil.bundled.permit

deny contains reason if some reason in data.kronveil.bundled.deny
