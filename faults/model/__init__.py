"""The model of both protocols, and the machine that holds the product against it."""
