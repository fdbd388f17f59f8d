"""Benchmarks: each figure in the manual can be measured again with one of them."""
