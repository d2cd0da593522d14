"""The one error of the converter: an input file is not as it must be."""


class Refusal(Exception):
    """Names the file, the key, the value and what to do next. The program prints it and exits with 2."""

    def __init__(self, file, what, todo):
        super().__init__(f"{file}: {what}; {todo}")


def compare_shapes(file, found, expected, todo):
    """Refuses missing, unexpected and misshapen tensors by name. `found` and `expected` map names to shapes."""
    missing = [name for name in expected if name not in found]
    if missing:
        raise Refusal(file, f"{some(missing)} missing", todo)
    unexpected = [name for name in found if name not in expected]
    if unexpected:
        raise Refusal(file, f"{some(unexpected)} unexpected", todo)
    for name, shape in expected.items():
        if tuple(found[name]) != tuple(shape):
            raise Refusal(file, f"{name} is {tuple(found[name])}, expected {tuple(shape)}", todo)


def some(names):
    shown = ", ".join(names[:4])
    return shown + (f" and {len(names) - 4} more are" if len(names) > 4 else " is" if len(names) == 1 else " are")
