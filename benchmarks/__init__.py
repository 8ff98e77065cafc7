"""Speed, as ratios to a baseline in the same run. Never part of the tests: a loaded machine would fail them."""
