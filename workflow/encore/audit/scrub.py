"""Takes out of records what names a person or opens a door: user names, home folders, secrets."""

import os
import pwd
import re
from collections.abc import Iterator, Mapping

SECRET = re.compile("TOKEN|SECRET|PASSW|CREDENTIAL|API_?KEY|ACCESS_?KEY|PRIVATE", re.IGNORECASE)
SHORTEST_SECRET = 6  # a shorter value says nothing, and stands in many a harmless word
USER_VARIABLES = ("USER", "LOGNAME", "USERNAME", "SUDO_USER")
CREDENTIALS = re.compile(r"(?<=://)[^/@\s]+@")
ABSOLUTE_PATH = re.compile(r"(?<![\w.~/>-])/[^\s'\",;]+")


def scrub(value: object) -> object:
    """JSON data whose texts hold no secret of the environment, home folder or user name; keys stay.

    Characters that no UTF-8 has, of a file name that is none, are written out.
    """
    if isinstance(value, Mapping):
        return {_in_utf8(key): scrub(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [scrub(item) for item in value]
    return _scrub_text(_in_utf8(value)) if isinstance(value, str) else value


def _in_utf8(value: object) -> object:
    return value.encode("utf-8", "backslashreplace").decode() if isinstance(value, str) else value


def _scrub_text(text: str) -> str:
    for name, secret in _secrets():
        text = text.replace(secret, f"<${name}>")
    text = CREDENTIALS.sub("<credentials>@", text)
    for home in _homes():
        text = re.sub(rf"(?<![\w.~/>-]){re.escape(home)}(?=$|[/\s'\",;:])", "~", text)
    if text.startswith(("/", "~")):  # a path as a whole, in which spaces may stand
        return _scrub_path(text)
    return ABSOLUTE_PATH.sub(lambda found: _scrub_path(found[0]), text)


def _scrub_path(path: str) -> str:
    """A path whose folders are not called as the user is; elsewhere such a word may well mean something."""
    users = _users()
    return "/".join("<user>" if part in users else part for part in path.split("/"))


def _secrets() -> Iterator[tuple[str, str]]:
    """Name and value of the variables that hold a secret by their name, the longest value first."""
    found = [
        (name, value)
        for name, value in os.environ.items()
        if SECRET.search(name) and len(value) >= SHORTEST_SECRET and "/" not in value[:1]
    ]
    yield from sorted(found, key=lambda item: -len(item[1]))


def _homes() -> list[str]:
    """The user's home folders, the longest first."""
    try:
        listed = pwd.getpwuid(os.getuid()).pw_dir
    except KeyError:  # a container may run under a number that has no name
        listed = "/"
    homes = {home.rstrip("/") for home in (listed, os.environ.get("HOME", "/"))}
    return sorted((home for home in homes if home.startswith("/")), key=len, reverse=True)


def _users() -> set[str]:
    try:
        listed = pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        listed = ""
    return {listed, *(os.environ.get(name, "") for name in USER_VARIABLES)} - {""}
