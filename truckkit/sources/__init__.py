"""Where rows come from, one small module a source. Rows out, nothing else."""
