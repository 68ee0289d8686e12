"""What both SDKs are put through: names and bodies, and a report of the steps that passed, one per line."""

import hashlib

# No `..` between slashes: the HTTP library below both SDKs would resolve it.
KEYS = [
    "plain",
    "with space",
    "plus+and&",
    "percent%20%",
    "é/中/😀",
    "quotes\"'<>",
    "..a",
    "dots.../x",
    "trailing/",
    "Case",
    "case",
    "long/" + "k" * 900,
    "?query#hash=;:@,$!*()~|`^{}[]",
]


def body_of(name, size=2000):
    """Bytes that differ per name."""
    seed = hashlib.sha256(name.encode()).digest()
    return (seed * (size // len(seed) + 1))[:size]


def passed(step):
    print(step, flush=True)


def by_bytes(keys):
    return sorted(keys, key=lambda key: key.encode())
