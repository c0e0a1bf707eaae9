"""The smallest feature. It uses every plug point of features/README.md except core.http.

It writes notes only about the profiles that a test names, so that it does not affect other tests.
"""
