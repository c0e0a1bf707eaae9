"""PostgreSQL, Valkey and the processes of a local run, for development, demo and tests.

Uses the standard library only. No app imports it, and the production image does not contain it.
"""
