"""The tables: made from nothing, made anew, and protected."""

import threading

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import Engine

from protocols.errors import Unreachable, WrongUse
from records import connect, migrate, revision
from records.append_only import protect, unprotected
from records.models import Base


def test_an_empty_database_is_brought_to_the_tables_that_the_models_name(
    empty_database_url: str, capfd: pytest.CaptureFixture[str]
) -> None:
    """Migrations from nothing end in exactly the tables of the models, with triggers, and say nothing."""
    migrate(empty_database_url)
    engine = connect(empty_database_url)
    with engine.connect() as connection:
        assert [] == compare_metadata(MigrationContext.configure(connection), Base.metadata)
        assert [] == unprotected(connection)
    engine.dispose()
    assert ("", "") == capfd.readouterr()


def test_the_revision_says_whether_anything_is_left_to_migrate(empty_database_url: str) -> None:
    """`datrys check` tells a database without tables from one that is up to date."""
    assert not revision(empty_database_url).up_to_date
    migrate(empty_database_url)
    assert revision(empty_database_url).up_to_date


def test_two_migrations_at_once_do_no_harm(empty_database_url: str) -> None:
    """Worker, web hook and `datrys up` may all start on a new database."""
    faults: list[BaseException] = []

    def run() -> None:
        try:
            migrate(empty_database_url)
        except BaseException as fault:  # noqa: BLE001  whatever it is, the test has to show it
            faults.append(fault)

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [] == faults
    assert revision(empty_database_url).up_to_date


def test_a_table_built_anew_is_protected_again(engine: Engine) -> None:
    """A batch migration drops the triggers of its table; what ends each migration makes them again."""
    with engine.connect() as connection:
        operations = Operations(MigrationContext.configure(connection))
        with operations.batch_alter_table("entries", recreate="always") as batch:
            batch.add_column(sa.Column("more", sa.Text(), nullable=True))
        assert [] != unprotected(connection)
        protect(connection)
        assert [] == unprotected(connection)


def test_a_file_that_cannot_be_made_is_said_in_one_line() -> None:
    """No traceback where the folder is out of reach."""
    with pytest.raises(Unreachable, match="cannot be made") as fault:
        migrate("sqlite:////proc/no/records.db")
    assert 1 == len(fault.value.lines)


def test_the_folder_of_a_new_file_is_made(tmp_path: object) -> None:
    """The first start needs no preparation."""
    migrate(f"sqlite:///{tmp_path}/new/records.db")
    assert revision(f"sqlite:///{tmp_path}/new/records.db").up_to_date


@pytest.mark.parametrize("url", ["mysql://host/name", "sqlite://", "postgresql://u:se cret@h:x/d", "nothing"])
def test_an_address_that_cannot_be_used_is_refused_without_repeating_it(url: str) -> None:
    """A password that confuses the address is not printed."""
    with pytest.raises(WrongUse) as fault:
        migrate(url)
    assert "cret" not in str(fault.value)


def test_each_migration_ends_with_the_triggers_in_place(engine: Engine, database_url: str) -> None:
    """Even one that finds the tables up to date."""
    with engine.begin() as connection:
        operations = Operations(MigrationContext.configure(connection))
        with operations.batch_alter_table("entries", recreate="always"):
            pass
    migrate(database_url)
    with engine.connect() as connection:
        assert [] == unprotected(connection)
