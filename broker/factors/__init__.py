"""Checking what a person knows or has: one file for each factor."""
