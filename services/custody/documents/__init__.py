"""Documents that stand by themselves: what is in them can be checked without asking anybody."""
