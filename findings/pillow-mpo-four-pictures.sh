#!/usr/bin/env bash
# Pillow 13.0.0 writes a multi-picture file (MPO) whose fourth picture it cannot read itself.
#
# Expected: Pillow's page "Image file formats", section MPO, on saving: with `save_all` and `append_images`
# all pictures are written, with no limit of how many. CIPA DC-007 ("Multi-Picture Format"), MP Entry:
# "Individual Image Size" is the number of bytes of that picture from its SOI to its EOI, and "Individual Image
# Data Offset" leads to its SOI. So each entry of a file of four pictures leads to one whole JPEG.
#
# Seen: from the third picture on, the written size is wrong (here it is the size of the first and the third
# together). The offset of the next picture is made from that size, so the fourth entry leads behind the fourth
# picture and seek(3) raises. All four JPEG streams are whole in the file, so save() and n_frames look right. Two
# and three pictures read back well, which is as far as most try: the reader does not need the last size.
#
# Why: the size of a picture is "position now minus the previous *size*", which is the previous position for the
# second picture only. Another fault with three pictures (no room kept for the index) was repaired in 2025 by
# Pillow's pull request 8979; this one remains.
#
# Output seen (Python 3.11):
#   Pillow 13.0.0
#   real (start, size):    [(0, 783), (783, 633), (1416, 633), (2049, 643)]
#   written (start, size): [(0, 783), (783, 633), (1416, 1416), (2832, 1276)]
#   n_frames 4, bytes in the file 2692
#   read back: (32, 32), (16, 16), (8, 8), ValueError
#   the surprise is still there
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check pillow==13.0.0

"$folder/venv/bin/python" - <<'PYTHON'
import io
import sys

import PIL
from PIL import Image

print("Pillow", PIL.__version__)
first, *others = [
    Image.new("RGB", (side, side), colour) for side, colour in ((32, "red"), (16, "lime"), (8, "blue"), (24, "white"))
]
file = io.BytesIO()
first.save(file, "MPO", save_all=True, append_images=others)
data = file.getvalue()

# None of the four has a thumbnail: each SOI followed by APP0 is the start of one picture.
starts = [at for at in range(len(data)) if data.startswith(b"\xff\xd8\xff\xe0", at)]
real = [(start, end - start) for start, end in zip(starts, [*starts[1:], len(data)])]
assert all(data[start + size - 2 : start + size] == b"\xff\xd9" for start, size in real)

opened = Image.open(io.BytesIO(data))
header = data.index(b"MPF\0") + 4  # Offsets other than the first picture's 0 count from here.
entries = [(entry["DataOffset"], entry["Size"]) for entry in opened.mpinfo[0xB002]]
written = [(offset + header if offset else 0, size) for offset, size in entries]
print("real (start, size):   ", real)
print("written (start, size):", written)
print(f"n_frames {opened.n_frames}, bytes in the file {len(data)}")

back = []
for frame in range(opened.n_frames):
    try:
        opened.seek(frame)
        opened.load()
        back.append(str(opened.size))
    except Exception as error:
        back.append(type(error).__name__)
print("read back:", ", ".join(back))

wrong_size = real[0][1] + real[2][1]
if (
    len(real) != 4
    or written[:2] != real[:2]
    or written[2] != (real[2][0], wrong_size)
    or written[3][0] != real[2][0] + wrong_size
    or back != ["(32, 32)", "(16, 16)", "(8, 8)", "ValueError"]
):
    sys.exit("the behaviour has changed")
print("the surprise is still there")
PYTHON
