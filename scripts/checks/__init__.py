"""The checks of `scripts/check`: what the compiler and the tests do not check, in seconds and without a build.

`__main__.py` lists the checks and runs them. A check is a function that gets the `Tree` of the repository and returns a
`Report`: one line of what it checked, and one line for each problem.
"""
