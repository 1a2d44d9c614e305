"""Database work of an activity: psycopg2 blocks, so it goes to a thread."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

from sqlalchemy.exc import SQLAlchemyError
from temporalio.exceptions import ApplicationError

from protocols.errors import DatrysError

T = TypeVar("T")


async def in_thread(work: Callable[[], T]) -> T:
    """Do it in a thread; no words of the database reach the engine's history, since they may name people."""
    try:
        return await asyncio.to_thread(work)
    except DatrysError as fault:
        raise ApplicationError(str(fault), type=type(fault).__name__) from None
    except SQLAlchemyError as fault:
        raise ApplicationError("the records database refused it", type=type(fault).__name__) from None
