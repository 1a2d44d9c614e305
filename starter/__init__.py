"""The doors: the script, the web, and what they share. Both call one module of use cases."""
