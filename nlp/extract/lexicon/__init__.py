"""Tables that the finders read. Data, no code."""
