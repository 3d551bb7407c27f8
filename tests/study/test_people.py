import pytest

from nociscope.study.people import read_people


def only(text):
    people = read_people(text)
    return next(iter(people.participants.values())), people.problems


@pytest.mark.parametrize(
    ("cell", "sex"),
    [("F", "F"), ("female", "F"), ("m", "M"), ("Male", "M"), ("O", "O"), ("other", "O"), ("n/a", ""), ("", "")],
)
def test_sex(cell, sex):
    person, problems = only(f"participant_id\tsex\nsub-1\t{cell}\n")
    assert person.sex == sex
    assert problems == ()


@pytest.mark.parametrize(
    ("column", "cell", "words"),
    [
        ("age", "forty", "not a number"),
        ("age", "-1", "below 0"),
        ("age", "121", "above 120"),
        ("age", "inf", "not a number"),
        ("age", "1e999", "not a finite number"),
        ("age", "9" * 5000, "not a number"),
        ("sex", "XX", "is not one of F, M, O"),
        ("sex", "1", "is not one of F, M, O"),
        ("height_cm", "1.68", "below 30"),
        ("weight_kg", "heavy", "not a number"),
    ],
)
def test_a_bad_cell_costs_its_value_only(column, cell, words):
    person, (problem,) = only(f"participant_id\t{column}\tgroup\nsub-1\t{cell}\tFM\n")
    assert words in problem.sentence()
    assert (problem.row, problem.column, problem.participant_id) == (2, column, "sub-1")
    assert getattr(person, column) in (None, "")
    assert person.group == "FM"
    assert len(problem.sentence()) < 400


def test_a_decimal_comma_is_a_point():
    person, _ = only("participant_id\tweight_kg\nsub-1\t71,5\n")
    assert person.weight_kg == 71.5


def test_the_old_way_to_hide_an_age():
    assert only("participant_id\tage\nsub-1\t89+\n")[0].age == 89


def test_column_names_without_case_and_gender_for_sex():
    person, _ = only("participant_id\tAge\tGender\tGroup\nsub-1\t40\tM\tFM\n")
    assert (person.age, person.sex, person.group) == (40, "M", "FM")
    assert person.covariates == {}
    person, _ = only("participant_id\tsex\tgender\nsub-1\tF\twoman\n")
    assert person.sex == "F"
    assert person.covariates == {"gender": "woman"}


def test_identifying_columns_are_dropped_counted_and_said():
    text = "participant_id\tname\tMRN\tdate_of_birth\tage\nsub-1\tSomebody\t123\t1980-01-01\t40\n"
    person, (note,) = only(text)
    assert person.covariates == {}
    assert note.severity == "note"
    assert "3 columns" in note.sentence()
    assert "Somebody" not in note.sentence()


def test_a_ragged_row_is_named_with_its_person():
    people = read_people("participant_id\tage\tsex\nsub-1\t40\tF\nsub-2\t40\n")
    assert list(people.participants) == ["sub-1"]
    assert people.problems[0].participant_id == "sub-2"


def test_control_characters_do_not_come_in():
    person, _ = only("participant_id\tgroup\tfree\nsub-1\tF\x1b[31mM\tx\u202ey\n")
    assert person.group == "F [31mM"
    assert person.covariates == {"free": "x y"}


def test_labels_that_differ_by_case_alone():
    people = read_people("participant_id\nsub-a\nsub-A\n")
    assert [p.code for p in people.problems] == ["labels-differ-by-case"]
