"""Runs the files of deploy/ on real engines: what scripts/check-deploy calls."""
