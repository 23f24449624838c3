"""What testbeds/bench is made of: processes, peers, load, and the report. Python 3, standard library only."""
