"""The parts of `kill_table.py`: seeded servers, the tools that are let loose on them, and the table. Decides nothing at import."""
