"""Invented texts and names in various scripts."""

# ruff: noqa: RUF001 - letters that look like others are the point

from __future__ import annotations

CAPTIONS = (
    "First light over the harbour, and only the gulls awake. #morning #harbour",
    "Four loaves, one hour of sleep. Recipe in the comments 🍞 with @mira.bakes",
    "Ein Regentag ist auch nur ein Tag mit mehr Pfützen. #regen",
    "Hoy aprendimos que el ajo negro necesita cuarenta días de paciencia. ¿Quién espera?",
    "Le marché du samedi, version courte : trois fromages et aucun regret.",
    "朝の市場。トマトが主役です 🍅 #市場 #朝ごはん",
    "雨后的山路，空气里都是松树的味道。",
    "비 오는 날엔 책방이 제일 좋다. #책방 #비",
    "قهوة الصباح قبل أن تستيقظ المدينة ☕ #قهوة",
    "הים היה שקט הבוקר, אז גם אנחנו שתקנו.",
    "पहली बारिश और अदरक वाली चाय। #बारिश",
    "Туман до обеда, потом внезапно лето. #река",
    "เช้านี้ตลาดเงียบกว่าที่คิด แต่มะม่วงหวานมาก 🥭",
    "Το φως εδώ τελειώνει πάντα πολύ νωρίς.",
    "Bu sabah deniz cam gibiydi. #deniz",
    "ছোট্ট নদী, বড় আকাশ।",
    "A map is a promise that someone walked there before you.\n\nSheet 14, second printing.",
    "Ink test no. 7: too much blue, exactly enough noise.\n.\n.\n#letterpress #ink",
    "👩‍🍳🔥🧄🧄🧄",
    "Nothing to add.",
    "Tiden går, men vaflene er varme 🧇 #søndag",
    "Não era para ficar bonito, era para ficar pronto. Ficou os dois.",
    "የቡና ሥነ ሥርዓት በቤታችን ☕",
    "Mixed up: English, עברית, العربية and 日本語 in one line — 1 + 1 = 2.",
    'Prices & sizes <in the shop>: "large" means 50 × 70 cm, 5\'9" is the frame. 100 % \\',
    "Zażółć gęślą jaźń, and then we had soup. #zupa",
    "Long one. " + "The tide tables of 1911 were printed by hand, line after line. " * 12,
    "Back at the press after a week away. Who missed the noise? @otto.types",
    "Kaksi järveä, yksi retki. #metsä #järvi",
    "சிறிய கடை, பெரிய சுவை.",
)

BIOGRAPHIES = (
    "Slow food from a small kitchen 🍲\nNew recipe every Thursday",
    "We draw coastlines by hand.\nMaps · tides · lost islands",
    "Letterpress studio. Type, ink, patience.",
    "Fotos vom Rand der Stadt",
    "小さな台所から、四季の献立。",
    "مصوّرة تحب الصباح الباكر 📷",
    "Cuaderno de montaña · rutas y refugios",
    "",
    "Собираю звуки рек и мостов",
    "दो पहिये, एक रास्ता 🚲",
)

FIRST_NAMES = (
    "Aurora", "Bastien", "Chiyo", "Dalia", "Emeka", "Farid", "Greta", "Hyun-woo", "Ilse", "Jonas",
    "Kalinda", "Leocadia", "Miriam", "Niilo", "Oyelaran", "Petra", "Quilla", "Rashid", "Solvei",
    "Tadeusz", "Ulla", "Vesna", "Wanjiru", "Ximena", "Yaroslav", "Zofia",
)  # fmt: skip
LAST_NAMES = (
    "Abernauth", "Brannigold", "Cazorla-Wynn", "Drosselmann", "Eskeland", "Fennimore", "Galvanek",
    "Hartuvuori", "Ishibara", "Jastrow", "Kestrelby", "Lindqvarn", "Montabaur", "Nakatomi-Reyes",
    "Ostrander", "Pellworth",
)  # fmt: skip
SUBJECTS = ("kitchen", "maps", "press", "cycles", "ceramics", "rivers", "bookshop", "garden")
CATEGORIES = ("Kitchen/cooking", "Artist", "Local business", None)
HIGHLIGHT_TITLES = ("Studio", "Märkte", "旅", "Recetas", "Print run", "الصباح", "Before & after 🌊")
PLACES = (
    ("Gullwing Quay", "Port Averil", 54.7213, -3.5021),
    ("Marché des Tanneurs", "Saint-Orlan", 47.9034, 1.9093),
    ("北町の市場", "Kitamachi", 43.0621, 141.3544),
    ("Plaza del Molino", "Villarrosa del Río", 40.4103, -3.6912),
    ("Kino am Wehr", "Niederbrunn", 49.4521, 11.0767),
)
ALTERNATIVE_TEXTS = (
    "Photo of circles and stripes in bright colours.",
    "May be an image of abstract shapes and text.",
    None,
)
