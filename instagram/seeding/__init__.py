"""A large, realistic data set for demos and benchmarks, generated without network access.

    samples ──▶ profiles ──▶ posts ──▶ stories        rows as plain dictionaries, written by COPY

Everything is derived from the seed, so the same command makes the same archive everywhere. All rows
share a few pictures and one clip, as equal files do in a real archive.
"""

from instagram.seeding.generate import AlreadySeeded, Seeded, SeedSize, seed

__all__ = ["AlreadySeeded", "SeedSize", "Seeded", "seed"]
