"""The flow of the archive; each arrow is a module beside this one.

    Core API ──▶ fetch ──▶ parse ──▶ persist ──▶ assets wanted ──▶ storage (downloads)
                          (pure)    (one transaction a page)

`pipeline` tells the story, `runs` keeps the place in it, `progress` counts.
"""
