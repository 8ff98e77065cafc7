"""The taxonomy's versions: drafted in steps, previewed, published, put back; what that does to incidents, annotations and models."""
