"""Tests of the doors and of what runs beside them."""
