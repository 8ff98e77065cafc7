"""China's administrative divisions, province to town, with codes, former names since 1980, and the foreign places met in cases.

`lookup(code)` → path, `find(name or path)` → divisions, `words()` → names for a segmenter. Read from compact files on first use;
facts only, sources in README.md. Decides nothing about texts.
"""

from nlp.divisions.table import Division, Town, abroad, find, lookup, towns_named, towns_of, words

__all__ = ["Division", "Town", "abroad", "find", "lookup", "towns_named", "towns_of", "words"]
