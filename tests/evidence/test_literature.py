import pytest

from nociscope.evidence import appraisal_form, load_register, read_appraisal
from nociscope.evidence.appraisal import FORMS
from nociscope.evidence.literature import Flow, flow_of, read_citations, screen
from nociscope.problems import BadInput, UsageError

BIB = """
@comment{x}
@article{a, title = {Objective evidence that {Small-Fiber} underlies some}, author={Oaklander, A and B, C},
  year = 2013, doi = "https://doi.org/10.1016/J.PAIN.2013.06.001"}
@article{b, title="A new one", author = "Novak, P", year="2030", journal={J}}
"""
RIS = """TY  - JOUR
TI  - A New One.
AU  - Novak, P
PY  - 2030/01/02
ER  -
TY  - JOUR
T1  - Another by the same laboratory
A1  - Falco, P
Y1  - 2031
DO  - 10.1000/xyz.
ER  -
"""


def test_bibtex_ris_and_csv_are_read_and_sorted(tmp_path):
    (tmp_path / "a.bib").write_text(BIB)
    (tmp_path / "b.ris").write_text(RIS)
    (tmp_path / "c.csv").write_text("Title,Authors,Year,DOI\nThird,Somebody J,2032,10.1000/third\n")
    citations = [c for n in ("a.bib", "b.ris", "c.csv") for c in read_citations(tmp_path / n)]
    assert [c.year for c in citations] == ["2013", "2030", "2030", "2031", "2032"]
    assert citations[0].doi == "10.1016/j.pain.2013.06.001"
    assert citations[3].doi == "10.1000/xyz"
    found = screen(citations, load_register())
    assert [(c.name, key) for c, key in found.known] == [("Oaklander 2013", "oaklander_2013")]
    assert [(a.file, b.file) for a, b in found.duplicates] == [("b.ris", "a.bib")]  # by title and year
    assert [c.title for c in found.new] == ["A new one", "Another by the same laboratory", "Third"]
    assert [(c.name, key) for c, key in found.overlaps] == [("Falco 2031", "falco_2024")]


def test_a_file_without_citations_is_refused(tmp_path):
    (tmp_path / "a.bib").write_text("hello")
    with pytest.raises(BadInput, match="no citation"):
        read_citations(tmp_path / "a.bib")


def test_an_unclosed_entry_does_not_hang(tmp_path):
    (tmp_path / "a.bib").write_text("@article{x, title={never {closed")
    assert read_citations(tmp_path / "a.bib")[0].title.startswith("never")


def test_prisma_boxes_add_up_and_faults_are_said(tmp_path):
    log = tmp_path / "log.csv"
    log.write_text("study,stage,reason\na,duplicate,\nb,title,\nc,full_text,no controls\nd,included,\ne,retrieval,\n")
    flow = flow_of(log)
    assert (flow.identified, flow.screened, flow.sought, flow.assessed, flow.included) == (5, 4, 3, 2, 1)
    assert flow.faults() == ()
    # Grayston 2019: 935 records, 45 full texts, 8 studies; the abstract gives no boxes between.
    odd = Flow(
        identified=935, duplicates=0, screened=935, excluded=890, sought=45, not_retrieved=0, assessed=45,
        excluded_reasons={"not read": 30}, included=8,
    )  # fmt: skip
    assert odd.faults() == ("included is 8, but assessed - excluded with reasons is 15",)


def test_an_unknown_stage_and_a_missing_reason_are_named(tmp_path):
    log = tmp_path / "log.csv"
    log.write_text("study,stage,reason\na,gone,\nb,full_text,\n")
    with pytest.raises(BadInput) as caught:
        flow_of(log)
    assert len(caught.value.problems) == 2


@pytest.mark.parametrize(("form", "items"), [("jbi-prevalence", 9), ("quadas-2", 7)])
def test_forms_are_written_and_read(tmp_path, form, items):
    columns = [c.name for c in FORMS[form].columns if c.kind == "choice"]
    assert len(columns) == items
    answer = next(iter(FORMS[form].column(columns[0]).choices))
    path = tmp_path / "form.tsv"
    path.write_text(appraisal_form(form, ["A", "B"]).replace("A\tn/a", f"A\t{answer}", 1))
    first, second = read_appraisal(path, form)
    assert first.answers[columns[0]] == answer
    assert second.answers[columns[0]] == ""
    path.write_text(path.read_text().replace(answer, "perhaps"))
    with pytest.raises(BadInput, match=columns[0]):
        read_appraisal(path, form)


def test_an_unknown_form_is_refused():
    with pytest.raises(UsageError):
        appraisal_form("rob", [])
