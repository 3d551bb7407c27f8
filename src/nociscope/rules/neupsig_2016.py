"""The NeuPSIG grades of neuropathic pain, 2016, from the four answers of the examiner."""

from __future__ import annotations

from nociscope.rules.logic import all_of, any_of
from nociscope.rules.model import Decision, Evidence, Rule
from nociscope.rules.small_fibre import graded, has_signs, sign, words_of

KEY = "neupsig_2016"

ANSWERS = ("neupsig_history", "neupsig_distribution", "neupsig_sensory_signs", "neupsig_confirmed")


def evaluate(evidence: Evidence) -> tuple[Decision, ...]:
    """Judge the answers of a visit; nothing without any."""
    visit = evidence.visit
    if not has_signs(visit, ANSWERS):
        return ()
    history, distribution, sensory, confirmed = (sign(visit, name) for name in ANSWERS)
    levels = (
        ("possible", all_of(history, distribution)),
        ("probable", any_of(sensory, confirmed)),
        ("definite", all_of(sensory, confirmed)),
    )
    return (graded(levels, words_of(history, distribution, sensory, confirmed)),)


RULE = Rule(
    key=KEY,
    title="Neuropathic pain, NeuPSIG grade 2016",
    citation=(
        "Finnerup NB et al. Neuropathic pain: an updated grading system for research and clinical practice. "
        "Pain 2016;157:1599-1606"
    ),
    doi="10.1097/j.pain.0000000000000492",
    status="read",
    status_note=(
        "The four answers are the examiner's and are not made from tests. The pain of fibromyalgia is not "
        "neuroanatomical: "
        "people with it reach possible at most, for the distal part of the pain."
    ),
    says=(
        "possible: history of a relevant lesion, and pain where that lesion would put it",
        "probable: possible, and sensory signs in that area (or the lesion confirmed without signs)",
        "definite: possible, sensory signs, and a test that confirms the lesion",
    ),
    accuracy="not published: a consensus; even definite does not prove that the lesion causes the pain",
    evaluate=evaluate,
)
