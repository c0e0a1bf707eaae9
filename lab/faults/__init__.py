"""`./dev verify`: the promises of the archive, proven on the simulator with injected faults.

Imported by no app. `docs/verification.md` says what is proven and how a failure is repeated.
"""
