"""A request into values, or refused: head, form, media facts, parameters."""
