"""Reference data and scoring: norm files in, scores out, and norms built from a study's own controls."""
