"""Saying something in a case: by the link of a mail and a code, or signed in; for oneself or on behalf of a role."""
