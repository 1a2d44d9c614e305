"""The tables of the records: what a board loads, cases, their outbox, what is personal, and who may come in."""

from records.models.access import Token
from records.models.base import Base, Json, Moment, NaiveMoment
from records.models.cases import (
    Case,
    CaseAgency,
    Clock,
    Entry,
    Meeting,
    ReferenceCounter,
    Review,
    Stream,
    Submission,
    Tally,
)
from records.models.directory import Agency, DirectoryPerson, HolidayList, PlannedMeeting
from records.models.outbox import Delivery, Notice, Target
from records.models.personal import CasePerson, Document, FreeText, Receiver, Subject

__all__ = [
    "Agency",
    "Base",
    "Case",
    "CaseAgency",
    "CasePerson",
    "Clock",
    "Delivery",
    "DirectoryPerson",
    "Document",
    "Entry",
    "FreeText",
    "HolidayList",
    "Json",
    "Meeting",
    "Moment",
    "NaiveMoment",
    "Notice",
    "PlannedMeeting",
    "Receiver",
    "ReferenceCounter",
    "Review",
    "Stream",
    "Subject",
    "Submission",
    "Tally",
    "Target",
    "Token",
]
