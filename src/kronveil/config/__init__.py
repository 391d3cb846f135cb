"""The file and the environment as typed values; unknown keys are errors, and all problems come at once."""

from kronveil.config.loading import DEFAULT_FILE, Config, Origin, find_file, load
from kronveil.config.problems import ConfigProblems, Problem

__all__ = ["DEFAULT_FILE", "Config", "ConfigProblems", "Origin", "Problem", "find_file", "load"]
