"""Packages of the release build: what scripts/package calls."""
