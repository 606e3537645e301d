#!/usr/bin/env python3
"""Writes src/text/unicode_categories.inc: the general category of every code point of Unicode 16.0.

    pip install unicodedata2==16.0.0 && src/text/unicode_categories.py > src/text/unicode_categories.inc

Needed only to move to another version of Unicode.
"""
import unicodedata2

VERSION = "16.0.0"
# The order of Category in src/text/char_table.cpp.
NAMES = ("Cn Cc Cf Co Cs Lu Ll Lt Lm Lo Mn Mc Me Nd Nl No "
         "Pc Pd Ps Pe Pi Pf Po Sm Sc Sk So Zs Zl Zp").split()


def main():
    assert unicodedata2.unidata_version == VERSION, unicodedata2.unidata_version
    entries, last = [], None
    for code in range(0x110000):
        category = NAMES.index(unicodedata2.category(chr(code)))
        if category != last:
            entries.append(f"0x{code << 5 | category:07x}")
            last = category
    print(f"// Made by src/text/unicode_categories.py from the Unicode Character Database {VERSION}.")
    print("// First code point of a run << 5 | its general category.")
    for at in range(0, len(entries), 9):
        print(", ".join(entries[at:at + 9]) + ",")


if __name__ == "__main__":
    main()
