"""`make faults`: what can go wrong goes wrong, and each promise about it is held against what came of it.

The promise: no signal and no notice is lost; a notice is sent twice only where a worker dies between the mail server's
acceptance and our note of it, and then bears the same Message-ID; no date moves without a record; nothing is told to
the wrong person.

Nothing here is simulated that can be had: a Temporal server process on a file, worker processes as `python -m worker`
is one, SIGKILL, SQLite and PostgreSQL, a mail server that misbehaves on command, and the doors' own use cases. The
product has no hook for any of it: what dies at a certain point dies by a wrapper that `faults.worker` lays around the
product's function in the process that it starts.

How a fault is judged: each tale (`tales`) is played once with nothing going wrong. The same tale is then played
through the fault, and once all is at rest the `ledger` compares the two: every line of every stream in its order,
every notice with its occasion, role, receiver and end, every mail with its receiver. What the undisturbed case has and
the other lacks is lost; what the other has more often is doubled; so no count has to be known beforehand, and a notice
to the wrong person is one lost and one too many. A Message-ID that was accepted twice is a twin: as many are excused as
workers died, and both must be the same to the byte. Chains are verified; what is noted as sent must have been accepted.

| file | what it does |
|---|---|
| `__main__` | runs the rows, prints fault, promise, runs, lost, doubled, time to recover; 1 if a promise is broken |
| `rows` | all rows, and the short cut of each that `tests/faults` runs |
| `found` | what the runs of one fault showed |
| `ledger`, `tales` | what is compared; what is said |
| `yard`, `ground` | one engine and databases for all faults; a namespace, records, mail server, workers for one |
| `engine`, `stores`, `post_office`, `worker` | the parts that can be taken away or made to misbehave |
| `killed_worker` | row 1: at each point that a signal passes, and at random moments |
| `mail` | row 4: the mail server away, dropping, refusing, dripping, without TLS |
| `engine_away` | row 2: Temporal killed across due times and in the middle of signals |
| `records_away` | row 3: the database gone, killed in mid-transaction, out of connections, out of disk |
| `days_away`, `days`, `wire` | rows 2 to 4: three days without Temporal, 6 hours without the records, 72 without mail |
| `disorder` | row 5: signals doubled, late, out of order, by two doors at once, 20,000 to one case |
| `race` | row 5: what a door kept while Temporal was away, and what is said directly |
| `long_inbox` | row 5: more waits than a new run can begin with, and the worker dies as it is set aside or taken back |
| `one_moment` | row 6: 10,000 limits end in the same second; in short 200 |
| `gone_for_days` | row 7: the worker gone over a clock change, reminders, a due time and three chasers |
| `stepped_clock` | row 7: the clock of a worker's or a door's machine set by an hour |
| `same_second` | row 8: a bank holiday, a meeting, a role, a correction, a withdrawal in the same second as a signal |
| `at_the_limit` | row 8: a limit ends in the same second as what meets it |
| `copies` | more cases that stand where one stands |
| `bugged`, `bugs`, `replayed` | row 9: a bug in the workflows' code and its deploy; old histories on new code |
| `operators` | row 10: workflows reset by an operator, or terminated and taken up again |
| `older` | row 11: the records, or Temporal, restored to an earlier moment |
| `random_story`, `model` | row 12: random signals and passing time against a model written from the specification |

A fault takes as long as the product's own waits: half a minute until an activity of a dead worker is given to another,
a minute for its lease on a mail. `FAULTS_HASTY` shortens these where many runs count more than one run's length.
"""
