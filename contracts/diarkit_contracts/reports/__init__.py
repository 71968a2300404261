"""A verdict as people and programs read it: text, JSON, JUnit, HTML, GitHub annotations. Nothing is judged here."""
