"""A small model of both protocols, written from the specification, and the machine that holds the product against it.

Nothing in the model comes from the product: neither its rules nor its editions nor its way of counting days. Where the
specification leaves something open it follows the project's decisions (`docs/decisions`), and names them.

| file | what it says |
|---|---|
| `days`, `limits` | working days; a clock: when it is due, when it speaks |
| `gwent_table`, `cwm_taf_morgannwg_table` | the specification's tables: who says what, which clocks run |
| `case`, `signals` | what both share: telling, clocks, time; the verdict, what may be said at any time |
| `board` | clocks that wait for a meeting of the board's calendar |
| `gwent`, `cwm_taf_morgannwg` | stage by stage: who is told, which clocks begin and are met, where a signal leads |
| `sayings` | what might be said, and how it goes wrong |
| `beginnings` | when stories begin; what a run of them came to |
| `machine` | hypothesis says it, lets time pass, and compares after each step |
| `world` | the product: workflow, records and mail on a time-skipping server; what is compared |

What is left to others: no worker dies here, no server is away (rows 1 to 4), nothing is said twice at once (row 5), and
an ended case is not opened again.
"""
