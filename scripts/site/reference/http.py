"""Every HTTP path with its parameters, members and answers, from an OpenAPI document."""

import pathlib

import yaml

from .text import code, plain, table

METHODS = ("get", "put", "post", "delete", "patch")


def page(file: pathlib.Path, title: str) -> str:
    """The page as Markdown."""
    document = yaml.safe_load(file.read_text(encoding="utf-8"))
    lines = [f"# {title}", "", *_text(document["info"].get("description", "")), "## Paths", ""]
    for path, members in document["paths"].items():
        for method in METHODS:
            if method in members:
                lines += _operation(
                    document, f"{method.upper()} {path}", members[method], members.get("parameters", [])
                )
    lines += ["## Values", ""]
    for name, schema in document["components"].get("schemas", {}).items():
        lines += [f"### {name}", "", *_text(schema.get("description", "")), *_members(schema)]
    return "\n".join(lines)


def _text(text: str) -> list[str]:
    return [line for part in text.strip().split("\n\n") if part for line in (plain(" ".join(part.split())), "")]


def _resolve(document: dict, value: dict) -> dict:
    """The value that a reference names."""
    while "$ref" in value:
        found = document
        for part in value["$ref"].removeprefix("#/").split("/"):
            found = found[part]
        value = found
    return value


def _operation(document: dict, name: str, operation: dict, shared: list) -> list[str]:
    lines = [
        f"### {name}",
        "",
        f"**{plain(operation.get('summary', ''))}**",
        "",
        *_text(operation.get("description", "")),
    ]
    parameters = [_resolve(document, each) for each in [*shared, *operation.get("parameters", [])]]
    rows = [
        [code(each["name"]), each["in"], _kind(each.get("schema", {})), plain(each.get("description", ""))]
        for each in parameters
    ]
    lines += table(["parameter", "in", "value", "meaning"], rows) if rows else []
    body = operation.get("requestBody", {}).get("content", {})
    for kind, content in body.items():
        lines += [f"Body: {_kind(content.get('schema', {}))}, `{kind}`.", ""]
    rows = []
    for status, response in operation.get("responses", {}).items():
        found = _resolve(document, response)
        shown = [f"{_kind(each.get('schema', {}))} as `{kind}`" for kind, each in found.get("content", {}).items()]
        rows.append([str(status), plain(found.get("description", "")), "; ".join(shown)])
    return lines + table(["status", "meaning", "body"], rows)


def _kind(schema: dict) -> str:
    """A type with its bounds, in words."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    for key, word in (("oneOf", " or "), ("anyOf", " or "), ("allOf", " and ")):
        if key in schema:
            return word.join(_kind(each) for each in schema[key])
    if "const" in schema:
        return code(str(schema["const"]))
    if "enum" in schema:
        return "one of " + ", ".join(code(str(each)) for each in schema["enum"])
    kind = schema.get("type", "value")
    kind = " or ".join(kind) if isinstance(kind, list) else kind
    if "array" in kind:
        kind = f"array of {_kind(schema.get('items', {}))}"
    low, high = (
        schema.get("minimum", schema.get("exclusiveMinimum")),
        schema.get("maximum", schema.get("exclusiveMaximum")),
    )
    bounds = (
        [] if low is None and high is None else [f"{'…' if low is None else low} to {'…' if high is None else high}"]
    )
    bounds += [
        f"at most {schema[key]} {unit}"
        for key, unit in (("maxItems", "elements"), ("maxLength", "characters"))
        if key in schema
    ]
    bounds += [f"default {code(str(schema['default']))}"] if "default" in schema else []
    return ", ".join([kind, *bounds])


def _members(schema: dict) -> list[str]:
    """A table of an object's members; the type of another value."""
    for key in ("oneOf", "anyOf", "allOf"):
        if key in schema:
            return [
                line for each in schema[key] for line in (_members(each) if "properties" in each else [_kind(each), ""])
            ]
    if "properties" not in schema:
        return [f"Value: {_kind(schema)}", ""]
    needed = schema.get("required", [])
    return table(["member", "value", "meaning"], list(_rows(schema["properties"], needed, "")))


def _rows(properties: dict, needed: list, prefix: str):
    for name, value in properties.items():
        shown = code(prefix + name) + ("" if prefix or name in needed else " (optional)")
        inner = value.get("items", {}) if value.get("type") == "array" else value
        yield [shown, _kind(value), plain(value.get("description", ""))]
        if "properties" in inner:
            mark = "[]." if inner is not value else "."
            yield from _rows(inner["properties"], inner.get("required", []), f"{prefix}{name}{mark}")
