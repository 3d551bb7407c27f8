"""Lists in the manner of BIDS Apps: ``--participant-label 01 02`` takes several words."""

from __future__ import annotations

from collections.abc import Sequence

LISTS = {
    "--participant-label": "--participant-label",
    "--participant_label": "--participant-label",
    "--session-label": "--session-label",
    "--session_label": "--session-label",
    "--assay": "--assay",
    "--norm": "--norm",
}
"""Options that take several words, and the spelling that the parser knows."""

_LEVELS = ("participant", "group")
_POSITIONALS = 2


def options_of(given: Sequence[str]) -> list[str]:
    """Return the arguments up to ``--``, after which nothing is an option."""
    return list(given[: given.index("--")] if "--" in given else given)


def with_lists(given: Sequence[str]) -> list[str]:
    """Return the arguments with every list option repeated for each of its words.

    A list takes all words up to the next option once the study and the output have been named; before that it takes
    one word, because the next ones may be those two. A level (`participant`, `group`) ends a list.

    >>> with_lists(["run", "a", "b", "participant", "--participant-label", "01", "02"])
    ['run', 'a', 'b', 'participant', '--participant-label', '01', '--participant-label', '02']
    >>> with_lists(["run", "--participant-label", "01", "a", "b"])
    ['run', '--participant-label', '01', 'a', 'b']
    """
    if not given or given[0] != "run":
        return list(given)
    out: list[str] = ["run"]
    words = list(given[1:])
    named = 0
    while words:
        word = words.pop(0)
        option, equals, value = word.partition("=")
        if word == "--":
            return [*out, word, *words]
        if option in LISTS:
            if equals:
                out += [LISTS[option], value]
                continue
            out.append(LISTS[option])
            if words and not words[0].startswith("-"):
                out.append(words.pop(0))
            while named >= _POSITIONALS and words and not words[0].startswith("-") and words[0] not in _LEVELS:
                out += [LISTS[option], words.pop(0)]
        elif word.startswith("-"):
            out.append(word)
            if word in _TAKE_VALUE and words:
                out.append(words.pop(0))
        else:
            named += 1
            out.append(word)
    return out


_TAKE_VALUE = ("--jobs", "-j", "--settings", "--norms")
