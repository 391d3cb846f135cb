"""The steps of the schema. A step that has been released is never edited; a change is a new step."""
