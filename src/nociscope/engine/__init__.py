"""Who runs what, where: participants worked up side by side, results kept, reruns that do only what changed."""

from nociscope.engine.run import Level, Options, RunSummary, Watcher, measure_study, plan_run, run_study

__all__ = ["Level", "Options", "RunSummary", "Watcher", "measure_study", "plan_run", "run_study"]
