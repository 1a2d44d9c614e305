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
| `random_story`, `model` | row 12: random signals and passing time against a model written from the specification |
| `disorder` | row 5: signals doubled, late, out of order, by two doors at once, 20,000 to one case |

Rows 6 to 8 (1,000 due times in a second, clock changes, two things in one second) belong on the time-skipping server;
rows 9 to 11 need more than a fault from outside. They are not here yet.

A fault takes as long as the product's own waits: half a minute until an activity of a dead worker is given to another,
a minute for its lease on a mail. `FAULTS_HASTY` shortens these where many runs count more than one run's length.
"""
