"""Measures what the bars speak of: ratios and medians in one run. `python -m benchmarks` runs all of it."""
