"""A deterministic Core API and CDN for demos, tests and benchmarks.

`python -m lab.simulator serve` starts both.

Imported by no app and importing none. `docs/simulator.md` is the manual; `worlds.py` holds the
named worlds, `endpoints.py` the paths that are served, `faults.py` what can be made to go wrong.
"""
