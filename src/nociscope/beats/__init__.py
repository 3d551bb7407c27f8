"""Heart beats: from an ECG or a file of beat times to intervals between normal beats.

A room below the assays, because both heart-rate variability and the reflex tests begin here.
"""
