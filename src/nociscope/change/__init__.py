"""Change between visits: differences with their intervals, beside measurement error and what placebo did."""
