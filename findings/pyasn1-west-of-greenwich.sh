#!/usr/bin/env bash
# pyasn1 0.6.5 writes an ASN.1 time that is 24 hours early, for a datetime west of Greenwich.
#
# Expected: pyasn1 documents fromDateTime() of GeneralizedTime and UTCTime as "Create ASN.1 object from a
# datetime.datetime object" and asDateTime as the way back. ITU-T X.680 (GeneralizedTime): a local time is
# followed by its difference from UTC, with "-" where it is behind. So 03:04:05 at five hours behind UTC is
# 20240102030405-0500, and the way back gives the same instant.
#
# Seen: 20240102030405+1900. That is a well-formed time, one day too early, and both pyasn1 and asn1crypto
# read it so. Where the difference is no whole number of hours (India), the minutes are written as seconds
# (+051800), which is no ASN.1 time; pyasn1's own asDateTime refuses it. UTC and whole hours east are right.
# Who makes times in UTC only, as most do, never meets it; datetime.now().astimezone() in New York does.
#
# Why: `.seconds` of a negative timedelta is positive (its `.days` is -1), and the rest of the division by 3600
# is not divided by 60.
#
# Output seen (Python 3.11):
#   pyasn1 0.6.5, asn1crypto 1.5.1
#   2024-01-02T03:04:05+00:00 -> 20240102030405Z, pyasn1 0:00:00, asn1crypto 0:00:00
#   2024-01-02T03:04:05+02:00 -> 20240102030405+0200, pyasn1 0:00:00, asn1crypto 0:00:00
#   2024-01-02T03:04:05-05:00 -> 20240102030405+1900, pyasn1 -1 day, 0:00:00, asn1crypto -1 day, 0:00:00
#   2024-01-02T03:04:05+05:30 -> 20240102030405+051800, pyasn1 PyAsn1Error, asn1crypto ValueError
#   the surprise is still there
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check pyasn1==0.6.5 asn1crypto==1.5.1

"$folder/venv/bin/python" - <<'PYTHON'
import datetime
import sys

import asn1crypto
import asn1crypto.core
import pyasn1
from pyasn1.codec.ber import encoder
from pyasn1.type.useful import GeneralizedTime

print(f"pyasn1 {pyasn1.__version__}, asn1crypto {asn1crypto.__version__}")


def difference(read, right):
    try:
        return str(read() - right)
    except Exception as error:
        return type(error).__name__


seen = []
for minutes in (0, 120, -300, 330):
    zone = datetime.timezone(datetime.timedelta(minutes=minutes))
    right = datetime.datetime(2024, 1, 2, 3, 4, 5, tzinfo=zone)
    written = GeneralizedTime.fromDateTime(right)
    by_pyasn1 = difference(lambda: written.asDateTime, right)
    by_asn1crypto = difference(lambda: asn1crypto.core.GeneralizedTime.load(encoder.encode(written)).native, right)
    print(f"{right.isoformat()} -> {written}, pyasn1 {by_pyasn1}, asn1crypto {by_asn1crypto}")
    seen.append((str(written), by_pyasn1, by_asn1crypto))

if seen != [
    ("20240102030405Z", "0:00:00", "0:00:00"),
    ("20240102030405+0200", "0:00:00", "0:00:00"),
    ("20240102030405+1900", "-1 day, 0:00:00", "-1 day, 0:00:00"),
    ("20240102030405+051800", "PyAsn1Error", "ValueError"),
]:
    sys.exit("the behaviour has changed")
print("the surprise is still there")
PYTHON
