"""What several scripts share: paths, command-line arguments, rows of files, a cluster on loopback, Markdown tables.

A script in a folder of scripts/ adds scripts/ to its path before it imports this package. Standard library only.
"""
