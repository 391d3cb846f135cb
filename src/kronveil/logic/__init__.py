"""The decisions. Nothing here waits, looks at a clock, or talks to anything: observations in, effects out."""
