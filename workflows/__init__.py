"""The protocols as workflows, clause by clause: deterministic, knowing roles, clocks and signals, never people."""
