"""Documents in: files, pages, spreadsheets, label files become `Document`s with their origin. No analysis, no SQL."""
