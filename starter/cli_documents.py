"""The documents of a case: `datrys document`."""

from pathlib import Path
from typing import Annotated

import typer

from protocols.errors import WrongUse
from starter import printing
from starter.cli import Reference, app, somebody


@app.command()
def document(
    reference: Reference,
    name: Annotated[str, typer.Argument(help="The document, such as form (docs/documents.md).")],
    out: Annotated[Path, typer.Option(help="The file to write: FILE.pdf, FILE.docx or FILE.html.")],
    language: Annotated[str, typer.Option(help="cy or en.")] = "en",
) -> None:
    """Write a document of a case, filled from the record; it holds names, and only you may read the file."""
    from starter import documents

    write = documents.FORMATS.get(out.suffix.lower())
    if write is None:
        raise WrongUse(f"--out: “{out}” is no {', '.join(documents.FORMATS)} file. Let its name end in one of these.")
    if language not in documents.LANGUAGES:
        raise WrongUse(f"--language: “{language}” is none of {', '.join(documents.LANGUAGES)}.")
    who = somebody()
    who.see_all_of(reference)
    door = who.door
    printing.write_private(out, write(documents.document(door.database, reference, name, language, door.now())))
    typer.echo(
        f"{out} holds names and what was written about {reference}: only your login can read it. Hand it to nobody who"
        " may not see the case, and do not send it by e-mail (docs/documents.md).",
        err=True,
    )
