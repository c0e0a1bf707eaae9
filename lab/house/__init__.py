"""`./dev house [FOLDER]`: how long, how split, how commented and how worded the code is.

Needs only Python and git, and imports nothing else of the project: it can measure any checkout,
also one of an older commit.
"""
