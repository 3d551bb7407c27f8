"""Norm files: what goes in comes out, and what is wrong is said in a sentence."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nociscope.norms.files import canonical_text, norms_text, read_norm, read_norms, write_norms
from nociscope.norms.library import load_library
from nociscope.norms.model import Norm, NormCell
from nociscope.problems import BadInput, InputMissing, UsageError
from tests.norms.sample import norm, one

number = st.floats(-1e6, 1e6, allow_subnormal=False)
positive = st.floats(1e-6, 1e6)
text = st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\0"), max_size=30)


def written(tmp_path: Path, content: str, name: str = "a.toml") -> Path:
    path = tmp_path / name
    path.write_text(content, encoding="utf-8")
    return path


@given(title=text, mean=number, sd=positive, df=positive, cov=st.tuples(number, number, number), age=positive)
def test_a_norm_is_read_as_it_was_written(
    tmp_path_factory: pytest.TempPathFactory,
    title: str,
    mean: float,
    sd: float,
    df: float,
    cov: tuple[float, float, float],
    age: float,
) -> None:
    folder = tmp_path_factory.mktemp("n")
    norms = (
        norm(key="a", title=title, mean=mean, sd=sd, sd_df=df, mean_se=sd, devices=("x[*]", 'q"')),
        norm(key="b", form="regression", mean=None, intercept=mean, woman=sd, covariance=(cov, cov, cov)),
        norm(
            key="c",
            form="table",
            mean=None,
            sd=None,
            cells=(NormCell(sex="F", age_high=age, mean=mean, sd=sd, n=3), NormCell(age_low=1, limit_low=mean)),
        ),
    )
    assert read_norms(write_norms(norms, folder)) == norms


def test_every_shipped_norm_survives_writing(tmp_path: Path) -> None:
    shipped = load_library().all
    again = read_norms(write_norms(shipped, tmp_path))
    assert again == tuple(sorted(shipped, key=lambda n: n.key))
    assert norms_text(again) == norms_text(shipped)
    for n in shipped:
        assert canonical_text(n) in norms_text([n])


TABLE = """# key: lab2026
# title: "Invented table, for the test only"
# assay: qst
# status: local
# citation: typed from our licensed table
# methods: limits, limits:*
sex\tage_low\tage_high\tmean\tsd\tmeasure\tunit\tsites\tscale
F\t20\t29\t0,1\t0.2\tcdt\tdelta_degC\thand_dorsum\tlog10
M\t20\t29\t0.15\t0.2\tcdt\tdelta_degC\thand_dorsum\tlog10
F\t20\t29\t45\t2\thpt\t°C\tfoot_dorsum\tidentity
"""


def test_a_spreadsheet_table_makes_one_norm_per_measure_and_site(tmp_path: Path) -> None:
    found = read_norms(written(tmp_path, TABLE, "lab.tsv"))
    assert [n.key for n in found] == ["lab2026_cdt_hand_dorsum", "lab2026_hpt_foot_dorsum"]
    cdt, hpt = found
    assert cdt.cells[0] == NormCell(sex="F", age_low=20, age_high=29, mean=0.1, sd=0.2)
    assert (cdt.scale, cdt.sites, cdt.methods, cdt.age_low, cdt.age_high) == (
        "log10",
        ("hand_dorsum",),
        ("limits", "limits:*"),
        20,
        29,
    )
    assert (hpt.unit, hpt.status, hpt.form) == ("degC", "local", "table")


def test_a_table_for_one_measure_may_say_everything_at_the_top(tmp_path: Path) -> None:
    content = (
        "# key: mine\r\n# title: t\r\n# citation: c\r\n# assay: any\r\n# measure: up\r\n# unit: u\r\n# n: 12\r\n"
        "sex\tage_low\tage_high\tmean\tsd\r\nany\t18\t99\t10\t2\r\n"
    )
    made = read_norm(written(tmp_path, content, "mine.tsv"))
    assert (made.n, made.key) == (12, "mine")
    from tests.norms.sample import any_reading

    assert one(any_reading(15), made).call == "gain"


GOOD = 'key="k"\ntitle="t"\ncitation="c"\nstatus="local"\nassay="any"\nmeasure="up"\nunit="u"\nform="normal"\n'


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (GOOD + "mean=1\nsd=0", "must be above 0"),
        (GOOD + "mean=1", "sd: is missing and a norm of the form normal needs it"),
        (GOOD + "mean=1\nsd=inf", "is not a finite number"),
        (GOOD + "mean=1\nsd=nan", "is not a finite number"),
        (GOOD + "mean=1\nsd=1\nage_slop=2", "use age_slope"),
        (GOOD + 'mean="ten"\nsd=1', "column mean: “ten” input should be a valid number"),
        (GOOD.replace('form="normal"', 'form="curve"'), "column form: “curve”"),
        (GOOD.replace('"local"', '"read"') + "mean=1\nsd=1", "names its source"),
        (GOOD + 'mean=1\nsd=1\ndoi="https://doi.org/10.1/x"', "is not a DOI"),
        (GOOD + "mean=1\nsd=1\nage_low=50\nage_high=20", "swap them"),
        (GOOD + 'mean=1\nsd=1\nsexes=["X"]', "is not F, M or both"),
        (GOOD.replace('"normal"', '"limit"'), "a norm of the form limit needs one"),
        (GOOD.replace('"normal"', '"table"') + "cells=[{sex='F', sd=1}]", "cells line 1 mean"),
        (GOOD.replace('"normal"', '"table"') + "cells=[{sex='F', avg=1}]", "is not a field of a table line"),
        (GOOD.replace('"normal"', '"table"') + "cells=[{sex='X', limit_low=1}]", "cells line 1 sex"),
        (GOOD.replace('"normal"', '"percentile_line"') + "intercept=1\npercentile=50", "beside the median"),
        (GOOD.replace('key="k"', 'key="a b"') + "mean=1\nsd=1", "is not a key"),
        ("norm = 3", "[[norm]]"),
        ("key = ", "is not TOML"),
        ('title="t"', "column key: is missing"),
        ("", "is missing"),
    ],
)
def test_a_wrong_file_is_named_with_the_field(tmp_path: Path, content: str, words: str) -> None:
    with pytest.raises(BadInput) as caught:
        read_norms(written(tmp_path, content))
    assert words in str(caught.value)
    assert "a.toml" in str(caught.value)
    assert all(line.endswith(".") for line in str(caught.value).split("\n"))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (TABLE.replace("0.15", "0.1.5"), "row 9, column mean: “0.1.5” is not a number"),
        (TABLE.replace("\tsd\t", "\tSD\t"), "is not a column of a norm table"),
        (TABLE + "F\t20\n", "the row has 2 cells"),
        ("# key: x\n", "empty"),
        (TABLE.replace("# assay: qst\n", ""), "column assay: is missing"),
    ],
)
def test_a_wrong_table_is_named_with_the_cell(tmp_path: Path, content: str, words: str) -> None:
    with pytest.raises(BadInput) as caught:
        read_norms(written(tmp_path, content, "lab.tsv"))
    assert words in str(caught.value)


def test_a_folder_goes_before_the_shipped_norms(tmp_path: Path) -> None:
    mine = GOOD.replace('"k"', '"collongues2018_ienfd_distal_leg"') + "mean=1\nsd=1"
    written(tmp_path, mine)
    (tmp_path / "notes.txt").write_text("not a norm")
    library = load_library(tmp_path)
    assert library.all[0].status == "local"
    assert sum(n.key == "collongues2018_ienfd_distal_leg" for n in library.all) == 1
    with pytest.raises(KeyError):
        library.get("none")


def test_wrong_folders_names_and_repeats_are_said(tmp_path: Path) -> None:
    with pytest.raises(InputMissing):
        load_library(tmp_path / "none")
    with pytest.raises(UsageError, match="Did you mean lauria2010_ienfd_distal_leg"):
        load_library(named=("lauria2010_ienfd_distal",))
    written(tmp_path, GOOD + "mean=1\nsd=1", "a.toml")
    written(tmp_path, GOOD + "mean=1\nsd=1", "b.toml")
    with pytest.raises(BadInput, match=r"b\.toml.*stands in a\.toml already"):
        load_library(tmp_path)


def test_one_file_may_hold_many_norms_that_share_fields(tmp_path: Path) -> None:
    shared = GOOD.replace('key="k"\n', "").replace('measure="up"\n', "") + "mean=1\nsd=1\n"
    both = shared + '[[norm]]\nkey="a"\nmeasure="up"\n[[norm]]\nkey="b"\nmeasure="down"\nsd=3\n'
    path = written(tmp_path, both)
    a, b = read_norms(path)
    assert isinstance(a, Norm)
    assert (a.sd, b.sd) == (1, 3)
    with pytest.raises(BadInput, match="one norm was expected"):
        read_norm(path)


def test_a_set_of_no_norms_is_written_and_read(tmp_path):
    """Too few controls give no norm; running with that folder must still work."""
    path = write_norms((), tmp_path)
    assert read_norms(path) == ()
