"""Mechanisms: which patterns the scores of a visit together point to, with a probability and its sources."""
