"""Realistic names and captions. Pure."""

from __future__ import annotations

import random

FIRST_NAMES = (
    "amara", "anton", "aylin", "bruno", "carla", "chen", "chloe", "dario", "diego", "elif", "emma",
    "farid", "freya", "hana", "hugo", "ines", "ivan", "jana", "jonas", "kaito", "karim", "lena",
    "leo", "lucia", "malik", "mara", "mei", "milo", "nadia", "nina", "noor", "olga", "omar", "otto",
    "paula", "priya", "rafa", "rosa", "sami", "sara", "sofia", "tariq", "theo", "tomas", "vera",
    "yara", "yuki", "zoe",
)  # fmt: skip
LAST_NAMES = (
    "almeida", "andersen", "bauer", "becker", "brand", "costa", "demir", "dubois", "fischer",
    "fujita", "garcia", "haddad", "ito", "jansen", "kaya", "keller", "kim", "kovac", "lang",
    "larsen", "lindt", "lopez", "marino", "meyer", "moreau", "nowak", "okafor", "olsen", "park",
    "patel", "petrov", "reyes", "rossi", "sato", "silva", "stone", "tanaka", "vega", "vogel",
    "weber", "winter", "wolf",
)  # fmt: skip
CALLINGS = (
    "architect", "baker", "ceramist", "climber", "cyclist", "designer", "film photographer",
    "florist", "gardener", "illustrator", "marine biologist", "musician", "painter", "potter",
    "surfer", "typographer", "wildlife photographer", "woodworker", "writer",
)  # fmt: skip
PLACES = (
    ("Lisboa", 38.72, -9.14), ("Kyoto", 35.01, 135.77), ("Reykjavík", 64.15, -21.94),
    ("Oaxaca", 17.07, -96.72), ("Tromsø", 69.65, 18.96), ("Marrakech", 31.63, -7.99),
    ("Zürich", 47.37, 8.54), ("Cape Town", -33.92, 18.42), ("Valparaíso", -33.05, -71.62),
    ("Hội An", 15.88, 108.34), ("İstanbul", 41.01, 28.98), ("Tbilisi", 41.72, 44.79),
)  # fmt: skip
OPENINGS = (
    "a slow morning by", "found this on the way to", "last light over", "three days around",
    "still thinking about", "first snow in", "between two storms near", "coffee, then", "home is",
    "the long way back from", "one more from", "rainy day, quiet", "no filter, just",
    "early train to", "waiting for spring at", "what remains of", "a small study of",
)  # fmt: skip
SUBJECTS = (
    "the harbour", "the old mill", "the ridge", "our kitchen", "the studio", "grandma's garden",
    "the night market", "the glacier", "the café on the corner", "platform nine", "the salt flats",
    "the lighthouse", "the lake", "a forgotten library", "the greenhouse", "the dunes", "the river",
    "the workshop", "the orchard", "the tea house",
)  # fmt: skip
ENDINGS = (
    "worth every step", "swipe for the rest", "more of this soon", "thank you for having us",
    "who wants to come along?", "shot on an old camera", "it smelled of cedar and rain",
    "new prints on Friday", "quiet is underrated", "see you there", "ask me about the bread",
    "the sea did the rest", "até logo", "à bientôt", "bis bald", "また明日",
)  # fmt: skip
TAGS = (
    "35mm", "architecture", "ceramics", "coast", "design", "filmisnotdead", "food", "garden",
    "goldenhour", "handmade", "hiking", "landscape", "minimal", "mountains", "ocean", "portrait",
    "slowliving", "street", "travel", "wildlife", "winter",
)  # fmt: skip
SIGNS = ("", "", "", " ✨", " 🌊", " 🏔️", " ☕", " 🌿", " 📷")


def full_name(choose: random.Random) -> str:
    return f"{choose.choice(FIRST_NAMES)} {choose.choice(LAST_NAMES)}".title()


def biography(choose: random.Random) -> str:
    line = _sentence(f"{choose.choice(CALLINGS)} in {choose.choice(PLACES)[0]}")
    return f"{line}\n{choose.choice(ENDINGS)}" if choose.random() < 0.5 else line


def caption(choose: random.Random) -> str | None:
    """A caption: mostly one or two lines, some empty, a few unknown (None)."""
    kind = choose.random()
    if kind < 0.01:
        return None
    if kind < 0.06:
        return ""
    text = _sentence(f"{choose.choice(OPENINGS)} {choose.choice(SUBJECTS)}{choose.choice(SIGNS)}")
    if choose.random() < 0.6:
        text += f"\n{choose.choice(ENDINGS)}"
    tags = choose.sample(TAGS, choose.randrange(5))
    return text + "".join(f" #{tag}" for tag in tags)


def location(choose: random.Random) -> dict[str, object] | None:
    """The location of a post; only two of ten have one."""
    if choose.random() > 0.2:
        return None
    name, latitude, longitude = choose.choice(PLACES)
    number = 200_000_000 + PLACES.index((name, latitude, longitude))
    return {"instagram_id": str(number), "name": name, "latitude": latitude, "longitude": longitude}


def _sentence(text: str) -> str:
    return text[0].upper() + text[1:]
