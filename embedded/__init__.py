"""PostgreSQL, Valkey and the processes of a local run, for development, demo and tests.

Standard library only, imported by no app, absent from the production image.
"""
