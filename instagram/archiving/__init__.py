"""The flow of the archive; each arrow is a module beside this one.

    Core API ──▶ fetch ──▶ parse ──▶ persist ──▶ assets wanted ──▶ storage (downloads)
                          (pure)    (one transaction a page)

`pipeline` orders the stages, `runs` stores how far a run has come, `progress` counts its files.
"""
