"""Findings as a page shows them."""

from nociscope.assays.registry import assay_named
from nociscope.report.judged import findings_words, grouped
from nociscope.report.participant import participant_page
from nociscope.results import VisitResult
from nociscope.rules.model import Finding


def finding(rule, verdict, **more):
    return Finding(
        rule=rule, title=f"Title of {rule}", verdict=verdict, source="A B. doi:10.1093/brain/awn093", **more
    )


THREE = (
    finding("a", "cannot_tell", missing=("cdt at foot_dorsum", "systolic_fall")),
    finding("b", "does_not_meet", grade="pathology", decided_by=("pinprick_loss: no", "allodynia: no", "why")),
    finding("c", "meets", decided_by=("pinprick_loss: yes", "ienfd distal_leg 2 /mm: below 5.5")),
    finding("d", "meets", decided_by=("neupsig_history: yes", "neupsig_confirmed: no")),
)
KNOWN = {name: assay_named(name) for name in ("biopsy", "qst")}


def test_groups_stand_in_the_order_of_verdicts_and_lose_nothing():
    groups = grouped(findings_words(THREE, 100, 1000, KNOWN))
    assert [(g.kind, g.heading, [f.key for f in g.findings]) for g in groups] == [
        ("meets", "Met", ["c", "d"]),
        ("does_not_meet", "Not met", ["b"]),
        ("cannot_tell", "Cannot tell", ["a"]),
    ]


def test_names_of_columns_become_words():
    words = {f.key: f for f in findings_words(THREE, 100, 1000, KNOWN)}
    text = {k: " ".join((f.decided_by, f.missing)).replace("\N{NO-BREAK SPACE}", " ") for k, f in words.items()}
    assert "pinprick loss, allodynia: no; why" in text["b"]
    assert "intraepidermal nerve fibre density distal leg 2 /mm: below 5.5" in text["c"]
    assert "cold detection threshold at foot dorsum; systolic fall" in text["a"]
    assert "history: yes; confirmed: no" in text["d"]


def test_the_page_shows_verdicts_first_and_escapes_names_from_data():
    hostile = finding("e", "meets", decided_by=("<script>alert(1)</script>",))
    page = participant_page(VisitResult(participant_id="sub-01", findings=(*THREE, hostile)))
    assert "What published rules say" in page
    assert "<script>alert" not in page
    assert page.index("Title of c") < page.index("Title of b") < page.index("Title of a")
    assert page.count("https://doi.org/10.1093/brain/awn093") >= len(THREE)
