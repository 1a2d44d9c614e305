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
from records.models.doors import Account, Draft, Link, OneTimeCode, Session, SignedCall
from records.models.outbox import Delivery, Notice, Target
from records.models.personal import CasePerson, Document, FreeText, Receiver, Subject, WaitingSignal

__all__ = [
    "Account",
    "Agency",
    "Base",
    "Case",
    "CaseAgency",
    "CasePerson",
    "Clock",
    "Delivery",
    "DirectoryPerson",
    "Document",
    "Draft",
    "Entry",
    "FreeText",
    "HolidayList",
    "Json",
    "Link",
    "Meeting",
    "Moment",
    "NaiveMoment",
    "Notice",
    "OneTimeCode",
    "PlannedMeeting",
    "Receiver",
    "ReferenceCounter",
    "Review",
    "Session",
    "SignedCall",
    "Stream",
    "Subject",
    "Submission",
    "Tally",
    "Target",
    "Token",
    "WaitingSignal",
]
