"""The configuration of a world: rules, courses, faults and limits as values, and scenario files."""
