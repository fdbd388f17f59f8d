"""Measured claims: each figure that the manual states can be measured anew from here."""
