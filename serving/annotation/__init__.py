"""What people say of documents: kept with every version, queued, compared, brought in and given out. The screens are in `serving.console`.

In: documents of the store and `corpora.judgments`. Out: rows, queues, figures, label files. Nothing here changes an incident: what the
editors decide is training and evaluation data; a complaint's own type is corrected at the desk (`serving.reports`).
"""
