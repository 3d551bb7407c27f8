"""Against R: every stored value of reference/expected.tsv, made by the call that stands beside it in cases.tsv."""

import json
from functools import cache
from pathlib import Path

import pytest

from nociscope.evidence import accuracy, influence, pool, pool_clustered
from nociscope.evidence.reading import read_effects
from nociscope.evidence.studies import read_studies

HERE = Path(__file__).parent / "reference"
TOLERANCE = {"closed": 1e-6, "iterative": 1e-5, "glmm": 5e-4, "dta": 1e-3}


def _rows(name):
    lines = (HERE / name).read_text().splitlines()
    return [dict(zip(lines[0].split("\t"), line.split("\t"), strict=True)) for line in lines[1:]]


CASES = {row["id"]: row for row in _rows("cases.tsv")}


@cache
def expected_values():
    out = {}
    for row in _rows("expected.tsv"):
        out.setdefault(row["id"], {})[row["quantity"]] = float(row["value"])
    return out


def ours(case):
    options = json.loads(case["ours"])
    table = read_studies(HERE / "data" / f"{case['data']}.csv")
    if options.pop("accuracy", False):
        only = options.pop("only", None)
        if only:
            table = table.only([i for i, p in enumerate(table.text("patients")) if p == only])
        return {"accuracy": accuracy(table).to_dict()}
    if rows := options.pop("rows", None):
        table = table.only(rows)
    if cluster := options.pop("cluster", None):
        found = pool_clustered(read_effects(table, options["measure"]), cluster)
        return {"clustered": found.to_dict()}
    wants_influence = options.pop("influence", False)
    result = pool(table, **options)
    out = result.to_dict()
    if wants_influence:
        method = result.options.tau2 if result.options.model == "random" else 0.0
        rows = influence(result.effects, method)
        out["influence"] = [{name: getattr(row, name) for name in row.__slots__} for row in rows]
    return out


def look_up(record, quantity):
    for part in quantity.split("."):
        record = record[int(part)] if part.isdigit() else record[part]
    return record


def test_there_are_at_least_eight_published_data_sets():
    assert len({row["data"] for row in CASES.values()}) >= 8
    sources = (HERE / "SOURCES.md").read_text()
    for row in CASES.values():
        assert f"`{row['data']}`" in sources


@pytest.mark.parametrize("name", CASES)
def test_agrees_with_the_stored_values_of_r(name):
    case, expected = CASES[name], expected_values()[name]
    record = ours(case)
    tolerance = TOLERANCE[case["kind"]]
    wrong = {}
    for quantity, value in expected.items():
        found = look_up(record, quantity)
        if found is None or abs(found - value) > tolerance * max(1.0, abs(value)):
            wrong[quantity] = (found, value)
    assert not wrong, case["r"]
