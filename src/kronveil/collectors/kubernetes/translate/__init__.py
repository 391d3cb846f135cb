"""Pure: an object off the wire and the kept record of it become a new record and, when a watched field changed, an
Observation. Whether a change is a symptom is for logic to say."""
