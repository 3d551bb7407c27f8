"""Virtual studies with known truth."""

from nociscope.virtual.population import population
from nociscope.virtual.scenario import Scenario, load_scenario
from nociscope.virtual.writer import write_study

__all__ = ["Scenario", "load_scenario", "population", "write_study"]
