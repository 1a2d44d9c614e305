"""A process that writes steps of one case, each after having read: `python -m tests.records.writer URL CASE STEPS`."""

import sys

from records import connect
from records.cases import case_facts
from tests.records.making import a_step, an_entry, write


def main(url: str, case: str, steps: str) -> None:
    """Write so many steps."""
    engine = connect(url)
    for _ in range(int(steps)):
        number = case_facts(engine, case).last_step + 1
        write(engine, a_step(case, number, entries=[an_entry()]))
    engine.dispose()


if __name__ == "__main__":
    main(*sys.argv[1:])
