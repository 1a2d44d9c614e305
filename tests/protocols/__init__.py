"""The rules, as tables that a lay reader can check with a wall calendar."""
