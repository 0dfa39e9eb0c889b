"""Calls go in, what in them contradicts Google's discovery documents comes out: an unknown field, a wrong type, an unknown word.

Any test of a FakeGoogle can hold its whole traffic to them: `Discovery.load().findings(google.calls)` is empty where all is well.
The documents (Apache-2.0, as shipped with google-api-python-client) lie beside the project; without them the tests skip.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import pytest

from sheetsync._testing.google import masks
from sheetsync._testing.google.errors import Refusal
from sheetsync.testing import Call

FOLDER = Path(__file__).parents[3] / "shared" / "google"
needs_documents = pytest.mark.skipif(not (FOLDER / "sheets.v4.json").exists(), reason="Google's discovery documents are not here")

MASK_ROOTS = {
    "updateCells": "CellData",
    "repeatCell": "CellData",
    "appendCells": "CellData",
    "updateSheetProperties": "SheetProperties",
    "updateSpreadsheetProperties": "SpreadsheetProperties",
    "updateDimensionProperties": "DimensionProperties",
    "updateNamedRange": "NamedRange",
    "updateProtectedRange": "ProtectedRange",
    "updateDeveloperMetadata": "DeveloperMetadata",
    "updateTable": "Table",
}
"""Kind of request -> the message that its `fields` start from."""

GSPREAD_SENDS = {
    "a null where a value belongs": re.compile(r"null"),
    "a parameter that Drive does not declare": re.compile(r"unknown parameter (includeItemsFromAllDrives|supportsAllDrives)"),
}


@dataclass(frozen=True, slots=True)
class Method:
    """A method of an API: its raw path as a pattern, the messages that go in and out, its parameters."""

    name: str
    http: str
    path: re.Pattern[str]
    request: str | None
    response: str | None
    parameters: Mapping[str, Mapping[str, Any]]
    schemas: Mapping[str, Any]


class Discovery:
    """The methods and messages of Sheets and Drive."""

    def __init__(self, documents: Iterable[Mapping[str, Any]]) -> None:
        self.methods = [method for document in documents for method in _methods(document, document)]

    @classmethod
    def load(cls) -> Self:
        return cls(json.loads((FOLDER / name).read_text("utf-8")) for name in ("sheets.v4.json", "drive.v3.json"))

    def findings(self, calls: Iterable[Call], *, but: Iterable[str] = ()) -> list[str]:
        """Everything that is wrong with these calls; a finding that has one of `but` in it is passed over."""
        found = [f"{call.method} {call.path}: {one}" for call in calls for one in self.of(call)]
        return [one for one in found if not any(word in one for word in but)]

    def of(self, call: Call) -> list[str]:
        """What is wrong with one call, its request and its reply. The token endpoint is no part of the documents."""
        if call.kind == "token" or call.path.startswith("/upload/"):
            return []
        method = self.method(call.method, call.path)
        if method is None:
            return ["no such method"]
        found = [f"request: {one}" for one in self.request(method, call.query, call.body)] if call.status < 400 else []
        if 200 <= call.status < 300:
            found += [f"reply: {one}" for one in self.reply(method, call.reply)]
        return found

    def method(self, http: str, path: str) -> Method | None:
        """The method of a raw path; the one with the longest fixed part where several fit."""
        fitting = [method for method in self.methods if method.http == http and method.path.fullmatch(path)]
        return max(fitting, key=lambda method: len(re.sub(r"\(.*?\)", "", method.path.pattern)), default=None)

    def request(self, method: Method, query: Mapping[str, list[str]], body: Any) -> Iterator[str]:
        for name, values in query.items():
            schema = method.parameters.get(name)
            if schema is None:
                yield f"unknown parameter {name}"
                continue
            for value in values:
                yield from _parameter(schema, value, name)
            if name == "fields" and method.response:
                yield from self.mask(method, values[-1], method.response, "fields")
        if body is not None and not isinstance(body, str):
            if method.request is None:
                yield "a body where none belongs"
            else:
                yield from check(method.schemas, {"$ref": method.request}, body, method.request)
                yield from self._written_masks(method, body)

    def _written_masks(self, method: Method, body: Any) -> Iterator[str]:
        if method.request != "BatchUpdateSpreadsheetRequest":
            return
        for at, request in enumerate(body.get("requests") or []):
            for kind, inner in request.items():
                if kind in MASK_ROOTS and isinstance(inner, dict) and inner.get("fields"):
                    yield from self.mask(method, inner["fields"], MASK_ROOTS[kind], f"requests[{at}].{kind}.fields")

    def mask(self, method: Method, text: str, root: str, where: str) -> Iterator[str]:
        """The steps of a mask that lead nowhere."""
        try:
            tree = masks.parse(text)
        except Refusal as refused:
            yield f"{where}: {refused.message}"
            return
        for path in masks.leaves(tree):
            schema: Any = {"$ref": root}
            for step in path:
                schema = _opened(method.schemas, schema)
                if step not in schema.get("properties", {}):
                    yield f"{where}: no field {'.'.join(path)} in {root}"
                    break
                schema = schema["properties"][step]

    def reply(self, method: Method, reply: Any) -> Iterator[str]:
        if reply is None or isinstance(reply, str):
            if method.response is not None and method.name not in {"files.export", "files.get"}:
                yield "no document"
            return
        if method.response is None:
            yield "a document where none belongs"
            return
        yield from check(method.schemas, {"$ref": method.response}, reply, method.response)


def _methods(document: Mapping[str, Any], resource: Mapping[str, Any], prefix: str = "") -> Iterator[Method]:
    for name, method in resource.get("methods", {}).items():
        path = "/" + document["servicePath"] + method["path"]
        pattern = re.sub(r"\\\{\\?\+?[A-Za-z]+\\\}", "([^/]+?)", re.escape(path))
        yield Method(
            prefix + name,
            method["httpMethod"],
            re.compile(pattern),
            method.get("request", {}).get("$ref"),
            method.get("response", {}).get("$ref"),
            {**document.get("parameters", {}), **method.get("parameters", {})},
            document["schemas"],
        )
    for name, inner in resource.get("resources", {}).items():
        yield from _methods(document, inner, f"{prefix}{name}.")


def _opened(schemas: Mapping[str, Any], schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """The message behind references and lists."""
    while True:
        if "$ref" in schema:
            schema = schemas[schema["$ref"]]
        elif schema.get("type") == "array":
            schema = schema["items"]
        elif "additionalProperties" in schema:
            schema = schema["additionalProperties"]
        else:
            return schema


def _parameter(schema: Mapping[str, Any], value: str, name: str) -> Iterator[str]:
    match schema.get("type"):
        case "boolean" if value.casefold() not in {"true", "false"}:
            yield f"{name}: no boolean: {value}"
        case "integer" if not re.fullmatch(r"-?[0-9]+", value):
            yield f"{name}: no integer: {value}"
    if "enum" in schema and value not in schema["enum"]:
        yield f"{name}: not one of its words: {value}"


def check(schemas: Mapping[str, Any], schema: Mapping[str, Any], value: Any, where: str) -> Iterator[str]:
    """What in a JSON value contradicts a schema of a discovery document."""
    if "$ref" in schema:
        schema = schemas[schema["$ref"]]
    if value is None:
        if schema.get("type") != "any":
            yield f"{where}: null"
        return
    match schema.get("type"):
        case "object":
            if not isinstance(value, dict):
                yield f"{where}: no object: {value!r}"
                return
            properties, others = schema.get("properties", {}), schema.get("additionalProperties")
            for name, inner in value.items():
                if name in properties:
                    yield from check(schemas, properties[name], inner, f"{where}.{name}")
                elif others is not None:
                    yield from check(schemas, others, inner, f"{where}.{name}")
                else:
                    yield f"{where}: unknown field {name}"
        case "array":
            if not isinstance(value, list):
                yield f"{where}: no list: {value!r}"
                return
            for at, inner in enumerate(value):
                yield from check(schemas, schema["items"], inner, f"{where}[{at}]")
        case "string":
            if not isinstance(value, str):
                yield f"{where}: no text: {value!r}"
            elif "enum" in schema and value not in schema["enum"]:
                yield f"{where}: not one of its words: {value}"
            elif schema.get("format") == "int64" and not re.fullmatch(r"-?[0-9]+", value):
                yield f"{where}: no number as text: {value}"
        case "boolean":
            if not isinstance(value, bool):
                yield f"{where}: no boolean: {value!r}"
        case "integer":
            if isinstance(value, bool) or not isinstance(value, int) or not -(2**31) <= value < 2**31:
                yield f"{where}: no int32: {value!r}"
        case "number":
            if isinstance(value, bool) or not isinstance(value, int | float):
                yield f"{where}: no number: {value!r}"
        case "any" | None:
            if isinstance(value, dict):
                yield f"{where}: an object where a plain value belongs"
        case other:
            raise AssertionError(f"a type of the discovery documents that is not known here: {other}")
