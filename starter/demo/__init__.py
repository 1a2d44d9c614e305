"""`datrys demo`: whole cases played on the time-skipping server, told as they happen and kept on one page."""
