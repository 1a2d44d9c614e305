"""An invented directory and calendar, invented cases of both protocols and what is said in them.

Nobody in it is real, and no address reaches anybody. The telephone numbers of the duty teams are those of the protocol
where it has some (Gwent); the others (Cwm Taf Morgannwg) are invented, of the range that Ofcom keeps for drama.
`today` gives the cases today's dates.
"""
