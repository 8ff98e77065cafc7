"""The store's schema through the versions: Alembic scripts, shipped inside the package.

`HEAD` is the newest revision, written here so that opening an up-to-date store needs no Alembic; a test compares the two.
"""

HEAD = "0096"
