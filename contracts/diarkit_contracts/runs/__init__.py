"""From rows, a target and the clauses to a verdict, and what is done with one: baseline, repetition, outcomes for test frameworks."""
