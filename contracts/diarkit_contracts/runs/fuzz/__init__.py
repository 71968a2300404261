"""Runs whose rows are drawn while they run: the Hypothesis state machine, and schemathesis as a driver."""
