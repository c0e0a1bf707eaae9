"""The smallest feature: it plugs in everywhere that features can, as features/README.md shows.

It keeps notes about the profiles that a test names, so that other tests are not concerned.
"""
