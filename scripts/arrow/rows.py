"""The rows of Arrow data as StateZero reads them, by pyarrow: what ArrowReader (Sources/ArrowFiles) is compared with.

Members of structs that are null are left out, also whole columns; dates are text, float32 has its shortest digits, NaN
and infinity are null, bytes are text if they are UTF-8.
"""

import datetime
import json
import math

import numpy
import pyarrow


def value(scalar, kind):
    """The JSON value of a Python value of `to_pylist`, by its Arrow type."""
    types = pyarrow.types
    if scalar is None:
        return None
    if types.is_dictionary(kind):
        return value(scalar, kind.value_type)
    if types.is_struct(kind):
        members = {field.name: value(scalar[field.name], field.type) for field in kind}
        return {name: member for name, member in members.items() if member is not None}
    if types.is_map(kind):
        return {key: value(item, kind.item_type) for key, item in scalar}
    if types.is_list(kind) or types.is_large_list(kind) or types.is_fixed_size_list(kind) or types.is_list_view(kind):
        return [value(item, kind.value_type) for item in scalar]
    if types.is_floating(kind):
        return number(scalar, kind)
    if types.is_decimal(kind):
        return float(scalar)
    if isinstance(scalar, bytes):
        try:
            return scalar.decode()
        except UnicodeDecodeError:
            return None
    if isinstance(scalar, datetime.datetime):
        return time(scalar)
    if isinstance(scalar, datetime.date):
        return scalar.isoformat()
    return scalar


def number(scalar, kind):
    if not math.isfinite(scalar):
        return None
    return float(str(numpy.float32(scalar))) if kind == pyarrow.float32() else scalar


def time(moment):
    text = moment.strftime("%Y-%m-%dT%H:%M:%S")
    if moment.microsecond:
        text += f".{moment.microsecond:06}"
    return text + ("Z" if moment.tzinfo else "")


def lines(table):
    """One JSON line for each row of a table or record batch."""
    rows = table.to_pylist()
    for row in rows:
        members = {field.name: value(row[field.name], field.type) for field in table.schema}
        yield json.dumps({k: v for k, v in members.items() if v is not None}, ensure_ascii=False)
