"""What a world is configured to do: rules, courses, faults and limits as values, and the files they are read from."""
