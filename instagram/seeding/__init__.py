"""A large, realistic data set for trying out and for benchmarks, without any call to anybody.

    samples ──▶ profiles ──▶ posts ──▶ stories        rows as plain dictionaries, written by COPY

Everything follows from the seed, so the same command makes the same archive everywhere. Its files
are a handful of pictures and one clip, shared by content as in a real archive.
"""

from instagram.seeding.generate import AlreadySeeded, Seeded, SeedSize, seed

__all__ = ["AlreadySeeded", "SeedSize", "Seeded", "seed"]
