"""`./dev house [FOLDER]`: measures functions, helpers, comments, words and circular imports.

Needs only Python and git, and imports no other package of the project, so it can measure any
checkout, even one of an older commit.
"""
