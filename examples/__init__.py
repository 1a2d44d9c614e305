"""An invented directory, two invented cases and what is said in them; `today` gives them today's dates."""
