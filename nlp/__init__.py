"""Reading Chinese scam reports: clean, segment, classify, extract, resolve, mask. No network, no SQL, no web."""
