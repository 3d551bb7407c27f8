"""BIDS in: records of what lies where, checks, settings."""

from nociscope.study.opening import open_study
from nociscope.study.records import FileRecord, Participant, RawTable, Study, Visit

__all__ = ["FileRecord", "Participant", "RawTable", "Study", "Visit", "open_study"]
