"""Labelled examples in, a model folder out. The only room that imports torch. No web, no SQL."""
