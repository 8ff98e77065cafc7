"""Mentions: each module finds one kind, is usable alone, and is a component of the spaCy pipeline."""
