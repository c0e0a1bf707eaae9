#!/usr/bin/env bash
# pillow-heif 1.8.1 loses the orientation of a picture when EXIF is given as PIL.Image.Exif.
#
# Expected: pillow-heif documents for `exif=` of save(): "Accepts None, bytes or PIL.Image.Exif class"
# (pillow_heif.HeifFile.save; its page "Saving images" says that Pillow's save takes the same parameters).
# Its page "Workarounds", on the orientation tag: since 1.14.0, with the Pillow plugin, the "image rotation
# value during encoding will be not removed from EXIF, and in addition will be set in HEIF header".
# So one EXIF block gives one picture, whether it comes as bytes or as Exif.
#
# Seen: with bytes, the file has the `irot` box and the picture opens turned. With the Exif that those bytes
# came from, the file has no `irot` box: the orientation is only in EXIF, and HEIF (ISO/IEC 23008-12) says of
# rotation in metadata that it "is ignored in the displaying process". Readers show the picture lying on its side.
# pillow-heif itself does: on opening it sets the tag to 1, for it takes the turning as done, so a later
# ImageOps.exif_transpose() cannot turn the picture either. Nothing is raised and nothing is warned of.
#
# Why: the function that looks for the orientation reads bytes only; the Exif is made into bytes later.
#
# Output seen (Python 3.11; the numbers are width and height):
#   Pillow 13.0.0, pillow-heif 1.8.1
#   input 64x32, EXIF orientation 6: upright it is 32x64
#   exif=bytes: irot box yes, opens as (32, 64), after exif_transpose (32, 64)
#   exif=Exif : irot box no, opens as (64, 32), after exif_transpose (64, 32)
#   the surprise is still there
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check pillow==13.0.0 pillow-heif==1.8.1

"$folder/venv/bin/python" - <<'PYTHON'
import io
import sys

import PIL
import pillow_heif
from PIL import Image, ImageOps

pillow_heif.register_heif_opener()
print(f"Pillow {PIL.__version__}, pillow-heif {pillow_heif.__version__}")
print("input 64x32, EXIF orientation 6: upright it is 32x64")

exif = Image.Exif()
exif[0x0112] = 6


def seen(value):
    file = io.BytesIO()
    Image.new("RGB", (64, 32), "red").save(file, "HEIF", exif=value)
    opened = Image.open(file)
    return b"irot" in file.getvalue(), opened.size, ImageOps.exif_transpose(opened).size


as_bytes, as_exif = seen(exif.tobytes()), seen(exif)
for name, (box, size, turned) in (("exif=bytes", as_bytes), ("exif=Exif ", as_exif)):
    print(f"{name}: irot box {'yes' if box else 'no'}, opens as {size}, after exif_transpose {turned}")

if as_bytes != (True, (32, 64), (32, 64)) or as_exif != (False, (64, 32), (64, 32)):
    sys.exit("the behaviour has changed")
print("the surprise is still there")
PYTHON
