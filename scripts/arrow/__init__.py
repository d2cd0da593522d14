"""Parquet and Arrow files: how pyarrow reads them (`rows`), and scripts that compare StateZero with it."""
