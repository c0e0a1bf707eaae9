"""Words that this project no longer uses, and the places where they remain."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from lab.house.checkout import TextFile

# The name in the report, and the pattern. The case of identifiers matters.
IDENTIFIERS = {
    "MOST_": r"\bMOST_\w+",
    "LONGEST_": r"\bLONGEST_\w+",
    "admits": r"\badmits\(|(?<=\.)admits\b",
    "worked": r"\bworked\(|(?<=\.)worked\b",
    "Trouble": r"\bTrouble\b",
    "Hosts": r"\bHosts\b",
    "place (a URL)": (
        r"\bplace\b(?=\s*:\s*(?:httpx\.)?URL\b|\s*=\s*[\w.]*\(url\b"
        r"|\.(?:raw_)?(?:scheme|host|port|path|netloc)\b)"
    ),
}

# Words of sentences in upper or lower case, also in the names of tests.
PROSE = (
    "whoever", "nobody", "anew", "is well", "somebody", "whatever", "thereof", "wherein",
    "for ever",
)  # fmt: skip

# Files that cannot avoid the words.
EXEMPT = frozenset(
    {
        PurePosixPath("lab/house/words.py"),
        PurePosixPath("lab/tests/house/test_command.py"),
        PurePosixPath("lab/tests/house/test_words.py"),
    }
)


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One banned word, and the line on which it begins."""

    word: str
    file: TextFile
    line: int


def patterns() -> dict[str, re.Pattern[str]]:
    """The pattern of each banned word."""
    found = {word: re.compile(pattern) for word, pattern in IDENTIFIERS.items()}
    return found | {word: prose_pattern(word) for word in PROSE}


def prose_pattern(word: str) -> re.Pattern[str]:
    """Match the whole word. The end of a line and a `#` may stand between two words."""
    spelling = r"[\s#_]+".join(map(re.escape, word.split()))
    # A quoted word is a name, such as the Unix user "nobody" or the profile "nobody.here".
    name = rf"(?<=[\"'`]){spelling}(?:[\"'`]|\.\w)"
    # Not \b, for which `test_nobody_waits` is one word.
    return re.compile(rf"(?<![A-Za-z])(?!{name}){spelling}(?![A-Za-z])", re.IGNORECASE)


def occurrences(files: Iterable[TextFile]) -> Iterator[Occurrence]:
    """Yield every banned word in the files that are not exempt."""
    wanted = patterns()
    for file in files:
        if file.path in EXEMPT:
            continue
        for word, pattern in wanted.items():
            for match in pattern.finditer(file.text):
                yield Occurrence(word, file, file.text.count("\n", 0, match.start()) + 1)
