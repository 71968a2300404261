"""Reports of a verdict: text, JSON, JUnit, HTML, GitHub annotations."""
