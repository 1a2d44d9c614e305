"""Tests, laid out as the code is. A test of a clause has the clause in its name."""
