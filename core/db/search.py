"""Substring search that needs no PostgreSQL extension.

Each row stores its normalised text and the hashed trigrams of that text, as an integer array with a
GIN index. The index preselects rows and `LIKE` on the text decides, so a hash collision costs time
but never gives a wrong result. The first rows of a list are read without the index, which is faster
for a word that many rows have (see `core.api.keyset`).
"""

from __future__ import annotations

import re
import unicodedata
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self, TypeVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import BooleanField, Func, IntegerField, Lookup, Q, QuerySet, TextField

from core.db.selection import Given

Found = TypeVar("Found", bound=models.Model)

WORD_START = " "
MAX_QUERY_LENGTH = 200


# Letters without a Unicode decomposition, and what people type instead.
WRITTEN_AS = {
    "æ": "ae", "œ": "oe", "ð": "d", "þ": "th", "ı": "i", "ȷ": "j", "ŋ": "n", "ĸ": "k", "ə": "e",
    "ǝ": "e", "ɛ": "e", "ɔ": "o", "ɣ": "g", "ɩ": "i", "ʊ": "u", "ʒ": "z", "ɵ": "o", "ɡ": "g",
    "ɑ": "a",
}  # fmt: skip
# Latin Extended-A and -B, IPA and Phonetic Extensions, Latin Extended-C, -D and -E.
LATIN = ((0x00C0, 0x02B0), (0x1D00, 0x1DC0), (0x2C60, 0x2C80), (0xA720, 0xA800), (0xAB30, 0xAB70))
MARKED = re.compile(r"LATIN (?:SMALL LETTER ([A-Z])(?: WITH .+)?|LETTER SMALL CAPITAL ([A-Z]))")


def bare_letters() -> dict[int, str]:
    """The Latin letters that NFKD leaves whole, with their replacements: `ł`, `ø`, `ᴀ`, `æ`."""
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
    """The hashed trigrams of a normalised word, and its hashed prefixes of one and two letters."""
    return hashed({WORD_START + word[:1], WORD_START + word[:2], *trigrams(word)})


def trigrams(text: str) -> set[str]:
    return {text[start : start + 3] for start in range(len(text) - 2)}


def hashed(pieces: Iterable[str]) -> set[int]:
    """Hash each piece to PostgreSQL's signed 32-bit integer range."""
    return {zlib.crc32(piece.encode()) - 2**31 for piece in pieces}


def document(*texts: str | None) -> str:
    """The searchable text of a row. It starts with a space, as does every word in it."""
    joined = normalise(" ".join(text for text in texts if text))
    return WORD_START + joined if joined else ""


def document_grams(searchable: str) -> list[int]:
    """The sorted hashes of a document."""
    return sorted(set().union(*(grams(word) for word in searchable.split())))


def query_words(query: str) -> tuple[str, ...]:
    """The normalised words of the first 200 characters of a query, each of them once."""
    text = normalise(query[:MAX_QUERY_LENGTH].replace("\0", " "))
    return tuple(dict.fromkeys(text.split()))


@TextField.register_lookup
class Like(Lookup):
    """`field__like=pattern`. Django's `contains` escapes a pattern in SQL, for each row."""

    lookup_name = "like"

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, Any]:
        left, left_parameters = self.process_lhs(compiler, connection)
        right, right_parameters = self.process_rhs(compiler, connection)
        return f"{left} LIKE {right}", (*left_parameters, *right_parameters)


class IsAny(Func):
    """Whether a column has one of the values of an array, which PostgreSQL looks up in an index."""

    template = "%(expressions)s)"
    arg_joiner = " = ANY("
    output_field = BooleanField()


@dataclass(frozen=True, slots=True)
class Word:
    """A word to look for: a pattern for LIKE, and the trigrams that a document must have."""

    pattern: str | Given
    grams: list[int] | Given

    @classmethod
    def of(cls, word: str) -> Word:
        # A word of one or two letters must start a word of the document.
        text = WORD_START + word if len(word) <= 2 else word
        escaped = re.sub(r"([\\%_])", r"\\\1", text)
        return cls(f"%{escaped}%", sorted(hashed(trigrams(text) or {text})))

    @classmethod
    def given(cls, number: int) -> Word:
        """A word that differs from call to call; `given_values` has what stands for it."""
        grams = Given(f"grams_{number}", ArrayField(IntegerField()))
        return cls(Given(f"pattern_{number}", TextField()), grams)


def given_values(words: Iterable[str]) -> dict[str, Any]:
    """The values of the given words, by their names."""
    found: dict[str, Any] = {}
    for number, word in enumerate(map(Word.of, words)):
        found |= {f"pattern_{number}": word.pattern, f"grams_{number}": word.grams}
    return found


def containing(word: Word) -> Q:
    """The rows whose document contains the word, by the index."""
    # PostgreSQL compares in this order where it uses no index, and texts are shorter than arrays.
    return Q(search_text__like=word.pattern) & Q(search_grams__contains=word.grams)


def matching(words: Iterable[str]) -> Q:
    """The rows whose document contains every word, by the index."""
    combined = Q()
    for word in words:
        combined &= containing(Word.of(word))
    return combined


class SearchQuerySet(QuerySet[Found]):
    """The rows that contain all of some words, found in two ways."""

    def matching(self, words: Sequence[Word]) -> Self:
        """The rows that contain every word, by indexes."""
        return self.filter(*map(containing, words))

    def reading(self, words: Sequence[Word]) -> Self:
        """The same rows as `matching`, by comparing each row."""
        return self.filter(*(Q(search_text__like=word.pattern) for word in words))


class Searchable(models.Model):
    """Adds a search document, built from the fields in SEARCHED."""

    SEARCHED: ClassVar[tuple[str, ...]]

    search_text = models.TextField(default="", editable=False)
    search_grams = ArrayField(models.IntegerField(), default=list, editable=False)

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Save with an updated search document. Bulk writers call `refresh_search` themselves."""
        self.refresh_search()
        if (names := kwargs.get("update_fields")) is not None and set(self.SEARCHED) & set(names):
            kwargs["update_fields"] = {*names, "search_text", "search_grams"}
        super().save(*args, **kwargs)

    def refresh_search(self) -> None:
        self.search_text = document(*(getattr(self, name) for name in self.SEARCHED))
        self.search_grams = document_grams(self.search_text)
