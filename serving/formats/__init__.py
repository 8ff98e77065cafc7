"""The shapes of the feed: what `serving.views` shows a viewer, written as JSON Feed, Atom, CSV, Parquet or STIX 2.1.

In: dicts of `serving.views`, which have passed `nlp.mask` for the viewer already. Out: text, bytes or plain JSON values. Nothing here
touches SQL, masks a value or decides who may see what.
"""
