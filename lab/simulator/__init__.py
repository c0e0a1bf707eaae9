"""A deterministic Core API and CDN for demos, tests and benchmarks.

`python -m lab.simulator serve` starts both.

No app imports this package, and it imports none. `docs/simulator.md` is the manual. `worlds.py`
defines the named worlds, `endpoints.py` the served paths, `faults.py` the faults.
"""
