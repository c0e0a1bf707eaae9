"""How much of a text is kept and shown. Pure.

Instagram bounds its own texts; a provider, or an attacker behind it, does not. The raw payload
keeps every text whole. A column keeps one character more than the bound, which tells that there was
more.
"""

from __future__ import annotations

# Characters. Instagram itself allows 2,200 for a caption, 150 for a biography, 64 for a name and 15
# for the title of a highlight.
CAPTION = 2_500
BIOGRAPHY = 500
NAME = 500
TITLE = 200
BOUNDS = {"caption": CAPTION, "biography": BIOGRAPHY, "full_name": NAME, "title": TITLE}


def shown(name: str, text: str) -> str:
    """The text of that field, cut to its bound."""
    return text[: BOUNDS[name]]


def is_cut(name: str, text: str) -> bool:
    """Whether the field's text is longer than what is shown of it."""
    return len(text) > BOUNDS[name]
