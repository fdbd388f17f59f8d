"""SLOs of other tools, translated at the border into OpenSLO v1: one file a format, one that writes."""
