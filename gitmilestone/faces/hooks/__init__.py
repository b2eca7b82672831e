"""What git's hooks run, once a line of shell has found that a milestone is concerned."""
