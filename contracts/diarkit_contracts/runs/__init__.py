"""Runs: rows, a target and the clauses give a verdict, with baseline, repetition and outcomes for test frameworks."""
