"""From cases to incidents: which cases are the same, why, and what an incident is when they are put together.

In: `SourcedCase`s. Out: blocking keys, scored and explained `Link`s, `Incident`s. It keeps nothing; the store does.
"""

from nlp.resolve.blocking import blocking_keys, signature, similarity
from nlp.resolve.build import build_incident
from nlp.resolve.compare import compare
from nlp.resolve.features import Sketch, draw

__all__ = ["Sketch", "blocking_keys", "build_incident", "compare", "draw", "signature", "similarity"]
