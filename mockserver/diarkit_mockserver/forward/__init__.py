"""To a live platform and back: requests passed on as they come, answers as they were, and what was seen recorded as a scenario."""
