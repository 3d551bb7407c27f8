"""The study as a whole: groups compared, measures related."""
