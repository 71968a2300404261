"""Proxying to a live platform: forward requests, return answers, and record them as a scenario."""
