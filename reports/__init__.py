"""Reports: one verdict in, one file out for each writer."""
