"""The journal of a world's exchanges: recorded, exported, judged."""
