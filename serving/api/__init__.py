"""The web edge: FastAPI over the store. It renders and refuses; what a text says is `nlp`'s business."""
