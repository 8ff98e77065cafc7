"""What keeps the data: backup and restore, sealing at rest, retention, and all that is held about one person.

Verbs of the command line and of the background worker; nothing here speaks HTTP. What is kept how, and why: docs/keeping.md.
"""
