import pytest

from nociscope.study.ignore import ignored, parse_ignore


@pytest.mark.parametrize(
    ("pattern", "path", "verdict"),
    [
        ("*.html", "sub-01/report.html", True),
        ("*.html", "sub-01/report.tsv", False),
        ("/extra", "extra", True),
        ("/extra", "sub-01/extra", False),
        ("sub-02/", "sub-02/eeg/x.vhdr", True),
        ("sub-*/figures/", "sub-01/figures", True),
        ("**/bad_*", "sub-01/eeg/bad_x", True),
        ("sub-01/**/x.tsv", "sub-01/ses-1/eeg/x.tsv", True),
        ("# a comment", "a comment", False),
        ("", "x", False),
    ],
)
def test_patterns(pattern, path, verdict):
    assert ignored(path, parse_ignore(pattern)) is verdict


def test_the_last_pattern_decides():
    patterns = parse_ignore("*.png\n!keep.png\n")
    assert ignored("sub-01/x.png", patterns)
    assert not ignored("sub-01/keep.png", patterns)


def test_hostile_patterns_end():
    patterns = parse_ignore("**/" * 90 + "x\n" + "a*" * 140 + "b\n")
    assert not ignored("/".join(["a" * 200] * 8), patterns)
