"""`./dev verify`: tests the archive's promises on the simulator with injected faults.

No app imports this package. `docs/verification.md` lists the promises and the faults.
"""
