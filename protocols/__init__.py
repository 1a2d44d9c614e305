"""The protocols as data and pure rules: standard library and pydantic only, no clock, no network, no database."""
