"""A page as a PDF, drawn by WeasyPrint with the library Pango, which no Python package brings."""

from contextlib import redirect_stdout
from io import StringIO
from typing import Any
from warnings import catch_warnings

from protocols.errors import Refused

NO_PANGO = (
    "A PDF is drawn with Pango, which this machine lacks. Install it (on Debian: apt-get install libpango-1.0-0"
    " libpangoft2-1.0-0 libharfbuzz-subset0), or name a file that ends in .docx or .html."
)


def drawing() -> Any:
    """WeasyPrint, once it is needed.

    Raises:
        Refused: this machine lacks Pango.
    """
    try:
        with redirect_stdout(StringIO()), catch_warnings(action="ignore"):  # it has advice where a library is missing
            import weasyprint  # type: ignore[import-untyped]
    except OSError:
        raise Refused(NO_PANGO) from None
    return weasyprint


def as_pdf(page: str) -> bytes:
    """The page as a PDF that is tagged for readers (PDF/UA-1); nothing that it names elsewhere is fetched.

    Raises:
        Refused: this machine lacks Pango.
    """
    weasyprint = drawing()
    nothing_else = weasyprint.URLFetcher(allowed_protocols=())
    drawn: bytes = weasyprint.HTML(string=page, url_fetcher=nothing_else).write_pdf(pdf_variant="pdf/ua-1")
    return drawn
