"""Substring search that behaves the same on every PostgreSQL, without extensions.

A row keeps its normalised text and the hashed trigrams of that text in an integer array under GIN.
The index narrows, `LIKE` on the text decides, so a hash collision costs time, never a wrong hit.
"""

from __future__ import annotations

import re
import unicodedata
import zlib
from collections.abc import Iterable
from typing import Any, ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

WORD_START = " "
MAX_QUERY_LENGTH = 200


# Unicode gives these no decomposition; they stand for what people type without them.
WRITTEN_AS = {
    "æ": "ae", "œ": "oe", "ð": "d", "þ": "th", "ı": "i", "ȷ": "j", "ŋ": "n", "ĸ": "k", "ə": "e",
    "ǝ": "e", "ɛ": "e", "ɔ": "o", "ɣ": "g", "ɩ": "i", "ʊ": "u", "ʒ": "z", "ɵ": "o", "ɡ": "g",
    "ɑ": "a",
}  # fmt: skip
# Latin Extended-A and -B, IPA and Phonetic Extensions, Extended-C, -D and -E.
LATIN = ((0x00C0, 0x02B0), (0x1D00, 0x1DC0), (0x2C60, 0x2C80), (0xA720, 0xA800), (0xAB30, 0xAB70))
MARKED = re.compile(r"LATIN (?:SMALL LETTER ([A-Z])(?: WITH .+)?|LETTER SMALL CAPITAL ([A-Z]))")


def bare_letters() -> dict[int, str]:
    """The Latin letters that NFKD leaves whole, and what they are read as: `ł`, `ø`, `ᴀ`, `æ`."""
    table = str.maketrans(WRITTEN_AS)
    for code in (code for first, end in LATIN for code in range(first, end)):
        if found := MARKED.fullmatch(unicodedata.name(chr(code), "")):
            table.setdefault(code, (found[1] or found[2]).lower())
    return table


BARE_LETTERS = bare_letters()


def normalise(text: str) -> str:
    """Fold case, accents, other marks and white space: `Ébène  ŁÓDŹ` becomes `ebene lodz`."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    bare = "".join(letter for letter in decomposed if not unicodedata.combining(letter))
    return " ".join(bare.translate(BARE_LETTERS).split())


def grams(word: str) -> set[int]:
    """The trigrams of a normalised word, and its beginnings of one and two letters, hashed."""
    return hashed({WORD_START + word[:1], WORD_START + word[:2], *trigrams(word)})


def trigrams(text: str) -> set[str]:
    """Every three letters in a row."""
    return {text[start : start + 3] for start in range(len(text) - 2)}


def hashed(pieces: Iterable[str]) -> set[int]:
    """A number for each piece, in the range of PostgreSQL's integer, which is signed."""
    return {zlib.crc32(piece.encode()) - 2**31 for piece in pieces}


def document(*texts: str | None) -> str:
    """The searchable text of a row; it starts with a space, as every word in it does."""
    joined = normalise(" ".join(text for text in texts if text))
    return WORD_START + joined if joined else ""


def document_grams(searchable: str) -> list[int]:
    """Every gram of a document, sorted."""
    return sorted(set().union(*(grams(word) for word in searchable.split())))


def query_words(query: str) -> list[str]:
    """The normalised words of a query, the first 200 characters of it."""
    return normalise(query[:MAX_QUERY_LENGTH].replace("\0", " ")).split()


def needle(word: str) -> str:
    """What a document that matches the word contains: one or two letters must begin a word."""
    return WORD_START + word if len(word) <= 2 else word


def containing(word: str) -> Q:
    """Rows whose document contains the word."""
    text = needle(word)
    wanted = sorted(hashed(trigrams(text) or {text}))
    return Q(search_grams__contains=wanted, search_text__contains=text)


def matching(words: Iterable[str]) -> Q:
    """Rows whose document contains every word."""
    combined = Q()
    for word in words:
        combined &= containing(word)
    return combined


class Searchable(models.Model):
    """Adds the search document, made of the fields that SEARCHED names."""

    SEARCHED: ClassVar[tuple[str, ...]]

    search_text = models.TextField(default="", editable=False)
    search_grams = ArrayField(models.IntegerField(), default=list, editable=False)

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Save with a fresh search document; bulk writers call `refresh_search` themselves."""
        self.refresh_search()
        if (names := kwargs.get("update_fields")) is not None and set(self.SEARCHED) & set(names):
            kwargs["update_fields"] = {*names, "search_text", "search_grams"}
        super().save(*args, **kwargs)

    def refresh_search(self) -> None:
        """Set the document from the searched fields as they are now."""
        self.search_text = document(*(getattr(self, name) for name in self.SEARCHED))
        self.search_grams = document_grams(self.search_text)
