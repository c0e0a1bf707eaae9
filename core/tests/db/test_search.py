"""Spellings of one word that must match each other."""

from __future__ import annotations

import pytest

from core.db.search import BARE_LETTERS, normalise

# A word of each Latin alphabet with special letters, and what people type instead.
SPELLINGS = {
    "Polish": ("Łódź", "lodz"),
    "Danish": ("Ørsted Æbleskiver Århus", "orsted aebleskiver arhus"),
    "Croatian": ("Đorđe Šibenik", "dorde sibenik"),
    "Turkish": ("ılık İstanbul", "ilik istanbul"),
    "Azerbaijani": ("Əliyev", "eliyev"),
    "French": ("Œuvre Ébène", "oeuvre ebene"),
    "Icelandic": ("Þór Seyðisfjörður", "thor seydisfjordur"),
    "German": ("Straße GROẞ", "strasse gross"),
    "Maltese": ("Ħamrun", "hamrun"),
    "Sami": ("Ŧuoddar Deaŋŋu", "tuoddar deannu"),
    "Vietnamese": ("Đà Nẵng", "da nang"),
    "Hausa": ("Ɓauna ɗaki Ƙofa", "bauna daki kofa"),
    "Ewe": ("Eʋegbe ɛ ɔ", "evegbe e o"),
    "Romanian": ("Țara", "tara"),
    "small capitals": ("ᴀʀᴄʜɪᴠᴇ", "archive"),
    "no Latin": ("Ελλάδα Москва 東京", "ελλαδα москва 東京"),
}


@pytest.mark.parametrize(("written", "typed"), SPELLINGS.values(), ids=SPELLINGS)
def test_a_word_is_found_without_the_marks_of_its_letters(written: str, typed: str) -> None:
    assert normalise(written) == typed


def test_a_document_that_is_folded_again_stays_as_it_is() -> None:
    every_letter = " ".join(map(chr, BARE_LETTERS))

    assert normalise(normalise(every_letter)) == normalise(every_letter)
    assert not {*map(ord, normalise(every_letter))} & {*BARE_LETTERS}
