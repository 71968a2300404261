"""What holds for the whole suite: Hypothesis draws the same examples in every run, unless it is told to look for new ones."""

from __future__ import annotations

import os

from hypothesis import settings

# DIARKIT_TEST_HYPOTHESIS=search draws new examples: for a night, and for hunting.
settings.register_profile("same", derandomize=True, database=None, deadline=None, print_blob=True)
settings.register_profile("search", deadline=None, print_blob=True, max_examples=500)
settings.load_profile(os.environ.get("DIARKIT_TEST_HYPOTHESIS", "same"))
