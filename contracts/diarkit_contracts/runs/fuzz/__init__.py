"""Fuzzed runs, whose rows are generated on the fly: the Hypothesis state machine, and schemathesis as a driver."""
