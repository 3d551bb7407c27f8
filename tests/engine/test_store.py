"""What is saved is what is loaded."""

from __future__ import annotations

import dataclasses
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from nociscope.assays.declaration import Figure
from nociscope.engine import store
from nociscope.problems import BadInput, Problem
from nociscope.results import AssayFigure, AssayResult, NormUsed, VisitResult
from nociscope.tables import Reading, Score

words = st.text(max_size=20)
numbers = st.none() | st.floats(-1e300, 1e300)
labels = st.from_regex(r"[a-z0-9]{1,8}", fullmatch=True)

readings = st.builds(
    Reading,
    participant_id=st.just("sub-1"),
    session_id=st.just("ses-a"),
    assay=labels,
    site=words,
    side=st.sampled_from(["left", "right", "both", "n/a"]),
    measure=labels,
    value=numbers,
    unit=words,
    low=numbers,
    high=numbers,
    n=st.none() | st.integers(0, 10**6),
    censored=st.sampled_from(["none", "below", "above"]),
    method=words,
    device=words,
    quality=st.sampled_from(["good", "poor", "failed"]),
    remark=words,
    source=words,
)
scores = st.builds(
    Score,
    participant_id=st.just("sub-1"),
    session_id=st.just("ses-a"),
    assay=labels,
    site=words,
    side=st.sampled_from(["left", "n/a"]),
    measure=labels,
    value=numbers,
    unit=words,
    norm=words,
    z=numbers,
    percentile=st.none() | st.floats(0, 100),
    call=st.sampled_from(["normal", "loss", "gain", "abnormal", "not_comparable"]),
    p_beyond=st.none() | st.floats(0, 1),
    reason=words,
)
problems = st.builds(
    Problem, what=words, remedy=words, row=st.none() | st.integers(1, 99), value=words, file=words, code=labels
)
results = st.builds(
    VisitResult,
    participant_id=st.just("sub-1"),
    session_id=st.just("ses-a"),
    study_name=words,
    participant=st.fixed_dictionaries({"age": numbers, "sex": words}),
    assays=st.lists(
        st.builds(
            AssayResult,
            name=labels,
            title=words,
            status=st.sampled_from(["done", "partial", "failed", "absent"]),
            problems=st.lists(problems, max_size=2).map(tuple),
            inputs=st.dictionaries(labels, labels, max_size=2),
            settings=st.dictionaries(labels, numbers | words | st.lists(numbers, max_size=2), max_size=2),
            methods=words,
            references=st.lists(st.tuples(words, words), max_size=2).map(tuple),
        ),
        max_size=2,
    ).map(tuple),
    readings=st.lists(readings, max_size=3).map(tuple),
    scores=st.lists(scores, max_size=3).map(tuple),
    norms=st.lists(st.builds(NormUsed, **dict.fromkeys(("key", "title", "citation", "doi"), words),
                             status=words, population=words, sha256=labels), max_size=2).map(tuple),
    figures=st.lists(
        st.builds(
            AssayFigure,
            assay=labels,
            figure=st.builds(Figure, name=labels, title=words, caption=words, svg=st.just("<svg>é</svg>\n")),
        ),
        max_size=2,
        unique_by=lambda f: (f.assay, f.figure.name),
    ).map(tuple),
    other_visits=st.lists(labels, max_size=2).map(tuple),
    version=labels,
)  # fmt: skip


BLANK = Problem(what="w", remedy="\t", code="c", file=" ", column="\u3000", value="\n")


@given(result=results)
@example(
    result=VisitResult(
        participant_id="sub-1",
        session_id="ses-a",
        assays=(AssayResult(name="a", title="t", status="failed", problems=(BLANK,)),),
    )
)
@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
def test_what_is_saved_is_what_is_loaded(result):
    with tempfile.TemporaryDirectory() as first, tempfile.TemporaryDirectory() as second:
        once = _saved(result, Path(first))
        loaded = store.load(Path(first), "sub-1", "ses-a")
        assert _saved(loaded, Path(second)) == once
        assert store.load(Path(second), "sub-1", "ses-a") == loaded
        assert len(loaded.readings) == len(result.readings)
        assert [r.n for r in loaded.readings] == [r.n for r in result.readings]
        for old, new in zip(result.readings, loaded.readings, strict=True):
            assert (old.value is None) == (new.value is None)
            assert old.value is None or new.value == pytest.approx(old.value, rel=1e-9)
        assert [a.status for a in loaded.assays] == [a.status for a in result.assays]


def _saved(result, out):
    """Save all but the page, whose maker has tests of its own."""
    page = store.write_page
    store.write_page = lambda *_: ""
    try:
        return store.save(result, out)
    finally:
        store.write_page = page


def test_damaged_results_are_named(tmp_path):
    result = VisitResult(participant_id="sub-1")
    _saved(result, tmp_path)
    assert store.load(tmp_path, "sub-1") == dataclasses.replace(result)
    for text in ("{}", "[]", '{"participant_id": "sub-2"}', "not json"):
        (tmp_path / "sub-1" / "sub-1_provenance.json").write_text(text)
        with pytest.raises(BadInput, match=r"sub-1_provenance\.json"):
            store.load(tmp_path, "sub-1")


def test_figures_of_a_tampered_record_stay_in_the_folder(tmp_path):
    (tmp_path / "secret.svg").write_text("<svg/>")
    figure = AssayFigure(assay="a", figure=Figure(name="b", title="", caption="", svg="<svg/>"))
    _saved(VisitResult(participant_id="sub-1", figures=(figure,)), tmp_path)
    path = tmp_path / "sub-1" / "sub-1_provenance.json"
    path.write_text(path.read_text().replace("figures/sub-1_desc-a_b.svg", "../secret.svg"))
    with pytest.raises(BadInput):
        store.load(tmp_path, "sub-1")
