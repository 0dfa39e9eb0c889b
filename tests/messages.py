"""The source of sheetsync goes in, every sentence that a user may read comes out, and with them the message catalogues.

    python -m tests.messages update     brings the catalogues up to date and says what is missing
    python -m tests.messages check      says what is missing, and changes nothing

Sentences are found by what they are handed to (an error, `texts`, `mark`, `setting`, …), never by how they look. What is handed
over is followed back to its constants: through names, either branch of a condition, tables, loops, and the parameters of those
functions that pass a sentence on. What cannot be followed is a breach, since no catalogue can hold it.
"""

from __future__ import annotations

import ast
import io
import re
import string
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

PACKAGE: Final = Path(__file__).parents[1] / "sheetsync"
DOMAIN: Final = "sheetsync"
LANGUAGES: Final = ("zh",)
"""English is in the code."""

Role: TypeAlias = Literal["error", "advice", "about", "text"]

PASSED_ON: Final = frozenset({"template", "advice", "about", "instead"})
"""Attributes that hold a sentence which is found where it was made."""

EXCEPTIONS: Final[Mapping[tuple[str, str], str]] = {
    ("okr/plan.py", "how.texts(judged)"): "a member of Unmeasured, each of which is marked where it stands",
    ("review/says.py", "texts(judged)"): "the same",
}
"""(file, call) -> why what is said there needs no constant. Each must be met, so that none outlives its reason."""

WORD: Final = re.compile(r"[A-Za-z]{2,}\s|\s[A-Za-z]{2,}")
NO_PLACES: Final = frozenset({"advice", "use_instead", "default"})
"""Keywords of the calls that hold a sentence of their own, or nothing that is shown."""

ENGLISH_PLACES: Final[Mapping[tuple[str, str], str]] = {
    ("config.py", "top level"): "stands in brackets like the name of a table, for whoever edits the file",
    ("connectors/looker_studio.py", "Looker Studio"): "the name of a product, which is the same in every language",
    ("connectors/_cells.py", "no number"): "one of the reasons of NotANumber, which stand in brackets behind the sentence",
}
"""(file, text) -> why a text in English may stand in a place of a sentence."""

NO_SENTENCES: Final[Mapping[str, str]] = {}
"""Texts that look like a sentence for users and are none -> why."""


@dataclass(frozen=True, slots=True, order=True)
class Message:
    """A sentence in English, where it stands (`file` below the package), and what it is for."""

    file: str
    line: int
    text: str
    role: Role


@dataclass(frozen=True, slots=True, order=True)
class Breach:
    """Something that a catalogue cannot hold."""

    file: str
    line: int
    source: str
    why: str

    def __str__(self) -> str:
        return f"sheetsync/{self.file}:{self.line}: {self.why}: {self.source}"


@dataclass(frozen=True, slots=True)
class Extracted:
    """`exceptions` are the entries of EXCEPTIONS and ENGLISH_PLACES that were met."""

    messages: tuple[Message, ...]
    breaches: tuple[Breach, ...]
    exceptions: frozenset[tuple[str, str]] = frozenset()

    @property
    def sentences(self) -> dict[str, set[str]]:
        """Every sentence once, with the files that hold it."""
        found: dict[str, set[str]] = defaultdict(set)
        for message in self.messages:
            found[message.text].add(message.file)
        return dict(found)


def places(text: str) -> list[str]:
    """`{a} and {b:.1f}` -> [a, b]. Raises ValueError for what `str.format` would not take."""
    return sorted(name for _, name, _, _ in string.Formatter().parse(text) if name is not None)


# --- the source --------------------------------------------------------------------------------------------------------

Function: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef
_SCOPES: Final = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.Module, ast.ClassDef)


@dataclass(eq=False)
class _File:
    """One parsed file, with the way from each node up to the root."""

    name: str
    tree: ast.Module
    above: dict[ast.AST, ast.AST] = field(default_factory=dict)
    imports: dict[str, tuple[str, str]] = field(default_factory=dict)  # local name -> (module, its name there)

    def __post_init__(self) -> None:
        for node in ast.walk(self.tree):
            for child in ast.iter_child_nodes(node):
                self.above[child] = node
            if isinstance(node, ast.ImportFrom) and node.module:
                for each in node.names:
                    self.imports[each.asname or each.name] = (node.module, each.name)

    def scopes(self, node: ast.AST) -> Iterator[ast.AST]:
        """The functions around a node, innermost first, then the module. A class gives its names to its own body alone."""
        here: ast.AST | None = node
        inside_function = False
        while (here := self.above.get(here)) is not None:  # type: ignore[arg-type]
            if isinstance(here, _SCOPES) and not (isinstance(here, ast.ClassDef) and inside_function):
                yield here
                inside_function = inside_function or not isinstance(here, ast.ClassDef)

    def class_of(self, node: ast.AST) -> ast.ClassDef | None:
        here = self.above.get(node)
        return here if isinstance(here, ast.ClassDef) else None


_Seen: TypeAlias = frozenset[tuple[ast.expr, tuple[int | None, ...]]]
"""What was passed on the way to an expression: a name that is set to a part of itself would lead round in a circle."""

DEEPEST: Final = 6
"""Tables within tables."""


@dataclass(frozen=True)
class _Binding:
    """How a name gets its value. `path` are the places in it: an index into a pair, None for any element of a table."""

    value: ast.expr
    path: tuple[int | None, ...] = ()


def _read(package: Path) -> dict[str, _File]:
    files = sorted(package.rglob("*.py"))
    return {
        (name := path.relative_to(package).as_posix()): _File(name, ast.parse(path.read_text(encoding="utf-8"), str(path)))
        for path in files
    }


def _own_nodes(scope: ast.AST) -> Iterator[ast.AST]:
    """The nodes of a scope without those of the functions and classes inside it."""
    waiting = list(ast.iter_child_nodes(scope))
    while waiting:
        node = waiting.pop(0)
        yield node
        if not isinstance(node, _SCOPES):
            waiting = [*ast.iter_child_nodes(node), *waiting]


def _targets(target: ast.expr, value: ast.expr, path: tuple[int | None, ...]) -> Iterator[tuple[str, _Binding]]:
    if isinstance(target, ast.Name):
        yield target.id, _Binding(value, path)
    elif isinstance(target, ast.Tuple | ast.List):
        for index, each in enumerate(target.elts):
            yield from _targets(each, value, (*path, index))


def _bindings(scope: ast.AST) -> dict[str, list[_Binding]]:
    """What the names of a scope are set to, by assignments, loops and comprehensions."""
    found: dict[str, list[_Binding]] = defaultdict(list)
    for node in _own_nodes(scope):
        pairs: list[tuple[str, _Binding]] = []
        if isinstance(node, ast.Assign):
            for target in node.targets:
                pairs += _targets(target, node.value, ())
        elif isinstance(node, ast.AnnAssign | ast.NamedExpr) and node.value is not None:
            pairs += _targets(node.target, node.value, ())
        elif isinstance(node, ast.For | ast.comprehension):
            pairs += _targets(node.target, node.iter, (None,))
        for name, binding in pairs:
            found[name].append(binding)
    return found


# --- the sentences -----------------------------------------------------------------------------------------------------


class _Extractor:
    def __init__(self, files: dict[str, _File]) -> None:
        self.files = files
        self.errors = self._error_classes()
        self.messages: set[Message] = set()
        self.breaches: set[Breach] = set()
        self.met: set[tuple[str, str]] = set()
        self._bound: dict[ast.AST, dict[str, list[_Binding]]] = {}
        self._followed: set[tuple[ast.AST, str, Role]] = set()
        self._reached: list[str] = []
        self._near = False

    def run(self) -> Extracted:
        for file in self.files.values():
            if file.name == "texts.py":  # it says whatever it is handed
                continue
            for node in ast.walk(file.tree):
                if isinstance(node, ast.Call):
                    for expr, role in self._handed(file, node):
                        self._take(file, expr, role, call=node)
                elif isinstance(node, ast.ClassDef) and node.name in self.errors:
                    for name, binding in self._names(node).items():
                        if name == "advice":
                            self._take(file, binding[0].value, "advice")
        return Extracted(tuple(sorted(self.messages)), tuple(sorted(self.breaches)), frozenset(self.met))

    # --- where sentences are handed over

    def _error_classes(self) -> dict[str, ast.ClassDef]:
        classes = [node for file in self.files.values() for node in ast.walk(file.tree) if isinstance(node, ast.ClassDef)]
        found: dict[str, ast.ClassDef] = {}
        known = {"SheetsyncError"}
        while grown := {each.name: each for each in classes if each.name not in found and known & ({each.name} | _bases(each))}:
            found |= grown
            known |= set(grown)
        return found

    def _handed(self, file: _File, call: ast.Call) -> Iterator[tuple[ast.expr, Role]]:
        """The arguments of a call that are sentences."""
        name = call.func.id if isinstance(call.func, ast.Name) else call.func.attr if isinstance(call.func, ast.Attribute) else ""
        first = call.args[0] if call.args else None
        named = {each.arg: each.value for each in call.keywords if each.arg}
        if self._is_error(file, call.func):
            if first is not None and self._takes_template(name):
                yield first, "error"
            yield from ((named[each], "advice") for each in ("advice", "use_instead") if each in named)
        elif name in {"mark", "sentence"} and isinstance(call.func, ast.Name):
            if first is not None:
                yield first, "text"
        elif name == "Sentence" and first is not None:
            yield first, "text"
        elif self._is_texts(file, call.func):
            if first is not None:
                yield first, "text"
        elif name == "setting":
            yield from ((each, "about") for each in (first or named.get("about"),) if each is not None)
        elif name == "field" and isinstance(named.get("metadata"), ast.Dict):
            table = named["metadata"]
            assert isinstance(table, ast.Dict)
            for key, value in zip(table.keys, table.values, strict=True):
                if isinstance(key, ast.Constant) and key.value == "about" and not self._inside(file, call, "setting"):
                    yield value, "about"
        elif name == "Metric":
            about = call.args[1] if len(call.args) > 1 else named.get("about")
            yield from ((each, "about") for each in (about,) if each is not None)
        elif name == "LinkPattern":
            instead = call.args[6] if len(call.args) > 6 else named.get("instead")
            yield from ((each, "advice") for each in (instead,) if each is not None)

    def _takes_template(self, name: str) -> bool:
        """Whether an error class is made with a sentence; one with a constructor of its own may bring the sentence itself."""
        made = self.errors.get(name)
        own = (
            next((each for each in made.body if isinstance(each, ast.FunctionDef) and each.name == "__init__"), None)
            if made
            else None
        )
        return own is None or any(each.arg == "template" for each in [*own.args.posonlyargs, *own.args.args])

    def _is_error(self, file: _File, func: ast.expr) -> bool:
        if isinstance(func, ast.Attribute):
            if func.attr == "__init__" and isinstance(func.value, ast.Call) and ast.unparse(func.value.func) == "super":
                around = [each for each in file.scopes(func) if isinstance(each, _SCOPES)]
                inside = next((file.class_of(each) for each in around if file.class_of(each)), None)
                return inside is not None and inside.name in self.errors and not self._takes_template(inside.name)
            return func.attr in self.errors
        if isinstance(func, ast.Call):  # type(error)(…)
            return False
        if not isinstance(func, ast.Name):
            return isinstance(func, ast.IfExp) and self._is_error(file, func.body)
        if func.id in self.errors:
            return True
        for scope in file.scopes(func):
            annotation = _annotation(scope, func.id)
            if annotation is not None:
                said = ast.unparse(annotation)
                return "type[" in said and any(name in said for name in self.errors)
            for binding in self._names(scope).get(func.id, ()):
                found = {node.id for node in ast.walk(binding.value) if isinstance(node, ast.Name)}
                return bool(found & set(self.errors)) and not any(isinstance(node, ast.Call) for node in ast.walk(binding.value))
        return False

    def _is_texts(self, file: _File, func: ast.expr) -> bool:
        """`texts(…)`, `application.texts(…)`, and a name that was made with `Texts(…)`; not a function `texts` of a module."""
        if isinstance(func, ast.Attribute):
            of_module = isinstance(func.value, ast.Name) and self._imported_module(file, func.value.id) is not None
            return func.attr in {"texts", "_texts"} and not of_module
        if not isinstance(func, ast.Name):
            return False
        for scope in file.scopes(func):
            annotation = _annotation(scope, func.id)
            if annotation is not None:
                return "Texts" in ast.unparse(annotation)
            bound = self._names(scope).get(func.id)
            if bound:
                made = bound[0].value
                return (isinstance(made, ast.Call) and ast.unparse(made.func) == "Texts") or ast.unparse(made).endswith("texts")
        if func.id == "texts":
            return True
        origin = file.imports.get(func.id)
        there = self._module(origin[0]) if origin else None
        bound = self._names(there.tree).get(origin[1], []) if there and origin else []
        return bool(bound) and ast.unparse(bound[0].value).startswith("Texts(")

    @staticmethod
    def _inside(file: _File, node: ast.AST, function: str) -> bool:
        return any(isinstance(each, ast.FunctionDef) and each.name == function for each in file.scopes(node))

    # --- back to the constants

    def _take(self, file: _File, expr: ast.expr, role: Role, *, call: ast.Call | None = None) -> None:
        if call is not None:
            key = (file.name, f"{ast.unparse(call.func)}({ast.unparse(expr)})")
            if key in EXCEPTIONS:
                self.met.add(key)
                return
            if role in {"error", "text"}:
                self._look_at_places(file, call)
        self._reached = []
        self._resolve(file, expr, role, (), expr, frozenset())
        if call is not None and role in {"error", "text"}:
            self._look_for_values(file, call)

    def _look_for_values(self, file: _File, call: ast.Call) -> None:
        """A place that is given no value would be shown with its braces."""
        given = {each.arg for each in call.keywords}
        if None in given or ast.unparse(call.func) in {"mark", "Sentence"}:
            return
        for text in self._reached:
            wanted = {place.partition(".")[0].partition("[")[0] for place in places(text)}
            if wanted - given:
                self._breach(file, call, f"no value for {', '.join(sorted(wanted - given))}")

    def _look_at_places(self, file: _File, call: ast.Call) -> None:
        """English that stands in a place of a sentence would stay English in every language."""
        for keyword in call.keywords:
            if keyword.arg is None or keyword.arg in NO_PLACES:
                continue
            for text in self._constants(file, keyword.value):
                if (file.name, text) in ENGLISH_PLACES:
                    self.met.add((file.name, text))
                elif " " in text.strip():
                    self._breach(file, keyword.value, f"English in a place of a sentence ({text!r}); use sentence(…)")
            for node in _branches(keyword.value):
                parts = node.values if isinstance(node, ast.JoinedStr) else []
                said = [str(part.value) for part in parts if isinstance(part, ast.Constant)]
                if any(WORD.search(text) for text in said):
                    self._breach(file, node, "English in a place of a sentence; use sentence(…)")

    def _constants(self, file: _File, expr: ast.expr) -> set[str]:
        """The constants that an expression of this function may be; nothing is recorded."""
        before = self.messages, self.breaches, self._reached
        self.messages, self.breaches, self._reached, self._near = set(), set(), [], True
        self._resolve(file, expr, "text", (), expr, frozenset())
        found = set(self._reached)
        self.messages, self.breaches, self._reached = before
        self._near = False
        return found

    def _resolve(
        self, file: _File, expr: ast.expr, role: Role, path: tuple[int | None, ...], origin: ast.expr, seen: _Seen
    ) -> None:
        """Follows an expression, and from there the places of `path`, to the constants it may be."""
        if (expr, path) in seen or len(path) > DEEPEST:
            return
        seen |= {(expr, path)}
        match expr:
            case ast.Constant(value=str(text)) if not path:
                if text:
                    self.messages.add(Message(file.name, expr.lineno, text, role))
                    self._reached.append(text)
            case ast.Constant(value=None):
                pass
            case ast.IfExp(body=body, orelse=orelse):
                self._resolve(file, body, role, path, origin, seen)
                self._resolve(file, orelse, role, path, origin, seen)
            case ast.BoolOp(values=values):
                for value in values:
                    self._resolve(file, value, role, path, origin, seen)
            case ast.Dict(values=values) if path:
                for value in values:
                    self._resolve(file, value, role, path[1:], origin, seen)
            case ast.Tuple(elts=elts) | ast.List(elts=elts) | ast.Set(elts=elts) if path:
                chosen = elts if path[0] is None else elts[path[0] : path[0] + 1]
                for each in chosen:
                    self._resolve(file, each, role, path[1:], origin, seen)
            case ast.Subscript(value=value, slice=index):
                at = index.value if isinstance(index, ast.Constant) and isinstance(index.value, int) else None
                self._resolve(file, value, role, (at, *path), origin, seen)
            case ast.Attribute(attr=attr) if attr in PASSED_ON and not path:
                pass
            case ast.Attribute(value=ast.Name(id=name), attr=attr) if self._imported_module(file, name) is not None:
                self._resolve_global(self._imported_module(file, name), attr, role, path, origin, seen)
            case ast.Attribute(value=ast.Name(id="self" | "cls"), attr=attr):
                self._resolve_attribute(file, expr, attr, role, path, origin, seen)
            case ast.Name(id=name):
                self._resolve_name(file, expr, name, role, path, origin, seen)
            case ast.Call():
                self._resolve_call(file, expr, role, path, origin, seen)
            case ast.Starred(value=value):
                self._resolve(file, value, role, (None, *path), origin, seen)
            case ast.JoinedStr():
                self._breach(file, expr, "an f-string is no key of a catalogue")
            case _:
                self._breach(file, origin, "no constant")

    def _resolve_name(
        self, file: _File, expr: ast.expr, name: str, role: Role, path: tuple[int | None, ...], origin: ast.expr,
        seen: _Seen,
    ) -> None:  # fmt: skip
        for scope in file.scopes(expr):
            bound = self._names(scope).get(name)
            if bound:
                for binding in bound:
                    self._resolve(file, binding.value, role, (*binding.path, *path), origin, seen)
                return
            if isinstance(scope, ast.FunctionDef | ast.AsyncFunctionDef) and _parameter(scope, name):
                self._follow_parameter(file, scope, name, role, path)
                return
        where = file.imports.get(name)
        self._resolve_global(self._module(where[0]) if where else None, where[1] if where else "", role, path, origin, seen)

    def _resolve_global(
        self, there: _File | None, name: str, role: Role, path: tuple[int | None, ...], origin: ast.expr, seen: _Seen
    ) -> None:
        """A constant of another file."""
        bound = self._names(there.tree).get(name) if there else None
        if there is None or not bound:
            self._breach(self._file_of(origin), origin, "no constant")
            return
        for binding in bound:
            self._resolve(there, binding.value, role, (*binding.path, *path), origin, seen)

    def _resolve_attribute(
        self, file: _File, expr: ast.expr, attr: str, role: Role, path: tuple[int | None, ...], origin: ast.expr,
        seen: _Seen,
    ) -> None:  # fmt: skip
        """A class attribute of the class around."""
        around = next((found for scope in file.scopes(expr) if (found := file.class_of(scope))), None)
        bound = self._names(around).get(attr) if around else None
        if not bound:
            self._breach(file, origin, "no constant")
            return
        for binding in bound:
            self._resolve(file, binding.value, role, (*binding.path, *path), origin, seen)

    def _resolve_call(
        self, file: _File, expr: ast.Call, role: Role, path: tuple[int | None, ...], origin: ast.expr, seen: _Seen
    ) -> None:
        name = ast.unparse(expr.func)
        if name in {"mark", "sentence", "Sentence"}:
            return  # found by itself
        if isinstance(expr.func, ast.Attribute) and expr.func.attr in {"get", "pop"} and expr.args:
            self._resolve(file, expr.func.value, role, (None, *path), origin, seen)
            for default in expr.args[1:]:
                self._resolve(file, default, role, path, origin, seen)
        elif isinstance(expr.func, ast.Attribute) and expr.func.attr == "values":
            self._resolve(file, expr.func.value, role, path, origin, seen)
        elif isinstance(expr.func, ast.Attribute) and expr.func.attr == "items" and path[1:2] == (1,):
            self._resolve(file, expr.func.value, role, (None, *path[2:]), origin, seen)
        elif name in {"zip", "enumerate"} and len(path) > 1 and path[1] is not None:
            index = path[1] - (name == "enumerate")
            if 0 <= index < len(expr.args):
                self._resolve(file, expr.args[index], role, (None, *path[2:]), origin, seen)
        elif name in {"tuple", "list", "sorted", "next", "iter", "cast"} and expr.args:
            self._resolve(file, expr.args[-1] if name == "cast" else expr.args[0], role, path, origin, seen)
        elif (function := self._function(file, expr.func)) and not self._near:
            where, found = function
            for node in _own_nodes(found):
                if isinstance(node, ast.Return) and node.value is not None:
                    self._resolve(where, node.value, role, path, origin, seen)
        else:
            self._breach(file, origin, "no constant")

    def _function(self, file: _File, func: ast.expr) -> tuple[_File, ast.FunctionDef] | None:
        """The function that a name means: of this file, or imported from the package."""
        if isinstance(func, ast.Attribute) and ast.unparse(func.value) in {"self", "cls"}:
            wanted, where = func.attr, file
        elif isinstance(func, ast.Name):
            wanted, where = func.id, file
            if func.id in file.imports:
                there = self._module(file.imports[func.id][0])
                if there is None:
                    return None
                wanted, where = file.imports[func.id][1], there
        else:
            return None
        found = [node for node in ast.walk(where.tree) if isinstance(node, ast.FunctionDef) and node.name == wanted]
        return (where, found[0]) if found else None

    def _follow_parameter(self, file: _File, function: Function, name: str, role: Role, path: tuple[int | None, ...]) -> None:
        """A function passes on what it is handed: its callers hold the sentence."""
        if self._near or (function, name, role) in self._followed:
            return
        self._followed.add((function, name, role))
        positional = [each.arg for each in [*function.args.posonlyargs, *function.args.args]]
        if positional[:1] in (["self"], ["cls"]):
            positional = positional[1:]
        gathered = function.args.vararg is not None and function.args.vararg.arg == name
        default = _default(function, name)
        if default is not None:
            self._resolve(file, default, role, path, default, frozenset())
        calls = list(self._calls(file, function))
        if not calls:
            self._breach(file, function, f"nobody seen hands over {name}")
        for where, call in calls:
            handed = [each.value for each in call.keywords if each.arg == name]
            if gathered:
                start = len(positional)
                for each in call.args[start:]:
                    self._resolve(where, each, role, path[1:], each, frozenset())
                continue
            if name in positional and len(call.args) > (at := positional.index(name)):
                handed = [call.args[at]]
            for each in handed:
                self._look_at_places(where, call)
                self._resolve(where, each, role, path, each, frozenset())

    def _calls(self, file: _File, function: Function) -> Iterator[tuple[_File, ast.Call]]:
        is_method = file.class_of(function) is not None
        name = function.name
        if name == "__init__" and (around := file.class_of(function)) is not None:
            name, is_method = around.name, False
        module = "sheetsync." + file.name.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        for other in self.files.values():
            local = {here for here, there in other.imports.items() if there == (module, name)} | (
                {name} if other is file else set()
            )
            for node in ast.walk(other.tree):
                if not isinstance(node, ast.Call):
                    continue
                if isinstance(node.func, ast.Name) and node.func.id in local and not is_method:
                    yield other, node
                if not isinstance(node.func, ast.Attribute) or node.func.attr != name:
                    continue
                if is_method or (other is not file and ast.unparse(node.func.value) == module.rpartition(".")[2]):
                    yield other, node

    # --- small things

    def _names(self, scope: ast.AST) -> dict[str, list[_Binding]]:
        if scope not in self._bound:
            self._bound[scope] = _bindings(scope)
        return self._bound[scope]

    def _module(self, name: str) -> _File | None:
        if not name.startswith("sheetsync"):
            return None
        path = name.removeprefix("sheetsync").lstrip(".").replace(".", "/")
        return self.files.get(f"{path}.py") or self.files.get(f"{path}/__init__.py".lstrip("/"))

    def _imported_module(self, file: _File, name: str) -> _File | None:
        """The file behind `from sheetsync.connectors import _excel`."""
        where = file.imports.get(name)
        return self._module(".".join(where)) if where else None

    def _file_of(self, node: ast.AST) -> _File:
        return next(file for file in self.files.values() if node in file.above)

    def _breach(self, file: _File, node: ast.AST, why: str) -> None:
        shown = ast.unparse(node) if isinstance(node, ast.expr) else getattr(node, "name", "")
        self.breaches.add(Breach(file.name, getattr(node, "lineno", 0), shown[:100], why))


def _bases(node: ast.ClassDef) -> set[str]:
    return {
        each.id if isinstance(each, ast.Name) else each.attr for each in node.bases if isinstance(each, ast.Name | ast.Attribute)
    }


def _parameters(scope: ast.AST) -> list[ast.arg]:
    if not isinstance(scope, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
        return []
    spread = [each for each in (scope.args.vararg, scope.args.kwarg) if each is not None]
    return [*scope.args.posonlyargs, *scope.args.args, *scope.args.kwonlyargs, *spread]


def _parameter(scope: ast.AST, name: str) -> bool:
    return any(each.arg == name for each in _parameters(scope))


def _annotation(scope: ast.AST, name: str) -> ast.expr | None:
    return next((each.annotation for each in _parameters(scope) if each.arg == name), None)


def _default(function: Function, name: str) -> ast.expr | None:
    positional = [*function.args.posonlyargs, *function.args.args]
    defaults: list[ast.expr | None] = [None] * (len(positional) - len(function.args.defaults)) + list(function.args.defaults)
    pairs = [*zip(positional, defaults, strict=True), *zip(function.args.kwonlyargs, function.args.kw_defaults, strict=True)]
    return next((default for each, default in pairs if each.arg == name), None)


def _branches(expr: ast.expr) -> Iterator[ast.expr]:
    if isinstance(expr, ast.IfExp):
        yield from _branches(expr.body)
        yield from _branches(expr.orelse)
    elif isinstance(expr, ast.BoolOp):
        for each in expr.values:
            yield from _branches(each)
    elif isinstance(expr, ast.List | ast.Tuple):
        for each in expr.elts:
            yield from _branches(each)
    else:
        yield expr


def extract(package: Path = PACKAGE) -> Extracted:
    """All sentences of a package, sorted by where they stand."""
    return _Extractor(_read(package)).run()


def strays(extracted: Extracted, package: Path = PACKAGE) -> tuple[Breach, ...]:
    """Constants that read like a sentence for people but are handed to nothing that translates."""
    known = set(extracted.sentences) | set(NO_SENTENCES)
    found = []
    for file in _read(package).values():
        if file.name.startswith("_testing/"):
            continue
        docs = {id(node.value) for node in ast.walk(file.tree) if isinstance(node, ast.Expr)}
        for node in ast.walk(file.tree):
            if not isinstance(node, ast.Constant) or not isinstance(node.value, str) or id(node) in docs:
                continue
            if node.value not in known and _reads_like_a_sentence(node.value) and not _elsewhere(file.above[node], node):
                found.append(Breach(file.name, node.lineno, node.value[:100], "a sentence that no catalogue will hold"))
    return tuple(sorted(found))


def _elsewhere(above: ast.AST, node: ast.Constant) -> bool:
    """A sentence that has its Chinese beside it, as the template's have, or that describes a schema for editors, in English."""
    if isinstance(above, ast.Tuple):
        beside = (str(each.value) for each in above.elts if isinstance(each, ast.Constant))
        return any("\u4e00" <= char <= "\u9fff" for text in beside for char in text)
    if isinstance(above, ast.Dict):
        at = above.values.index(node) if node in above.values else -1
        key = above.keys[at] if at >= 0 else None
        return isinstance(key, ast.Constant) and key.value == "description"
    return isinstance(above, ast.JoinedStr) or (isinstance(above, ast.keyword) and above.arg == "description")


def _reads_like_a_sentence(text: str) -> bool:
    words = text.split()
    return len(words) >= 3 and text[0].isupper() and text.endswith(".") and text[1:2].islower() and "\n" not in text


# --- the catalogues ----------------------------------------------------------------------------------------------------

_HEADER: Final = """\
# What sheetsync says, in simplified Chinese. Made by: python -m tests.messages update
# The English sentences stand in the code; a place such as {name} keeps its name and may stand anywhere in the sentence."""


class _Plain(Catalog):
    """A catalogue whose head holds no date, name or version, so that the same sentences always give the same bytes."""

    @property
    def mime_headers(self) -> list[tuple[str, str]]:
        return [
            ("Project-Id-Version", DOMAIN),
            ("Language", str(self.locale_identifier or "")),
            ("MIME-Version", "1.0"),
            ("Content-Type", "text/plain; charset=utf-8"),
            ("Content-Transfer-Encoding", "8bit"),
        ]


def path_of(language: str, package: Path = PACKAGE) -> Path:
    """The catalogue for people; the one for machines stands beside it as `.mo`."""
    return package / "locale" / language / "LC_MESSAGES" / f"{DOMAIN}.po"


def translations(file: Path) -> tuple[dict[str, str], dict[str, str]]:
    """What a catalogue translates, and what it only remembers of sentences that are gone."""
    if not file.exists():
        return {}, {}
    with file.open("rb") as source:
        catalog = read_po(source, abort_invalid=True)
    now = {str(each.id): str(each.string) for each in catalog if each.id and not each.fuzzy}
    gone = {str(each.id): str(each.string) for each in catalog.obsolete.values()}
    return now, gone


def merged(extracted: Extracted, now: Mapping[str, str], gone: Mapping[str, str], language: str) -> Catalog:
    """The catalogue of these sentences. A sentence that comes back finds its translation; one that went is kept as obsolete."""
    catalog = _Plain(locale=language, header_comment=_HEADER, fuzzy=False)
    known = {**gone, **now}
    sentences = extracted.sentences
    for text, files in sorted(sentences.items(), key=lambda pair: (min(pair[1]), pair[0])):
        catalog.add(text, known.get(text, ""), locations=[(f"sheetsync/{file}", 0) for file in sorted(files)])
    for text, said in sorted(known.items()):
        if text not in sentences and said:
            catalog.add(text, said)
            catalog.obsolete[text] = catalog[text]
            catalog.delete(text)
    return catalog


def written(catalog: Catalog) -> bytes:
    """The catalogue as the text that people edit."""
    out = io.BytesIO()
    write_po(out, catalog, width=0, sort_output=False, include_lineno=False)
    return out.getvalue()


def compiled(catalog: Catalog) -> bytes:
    """The catalogue as gettext reads it; sentences without a translation are left out, and come out in English."""
    out = io.BytesIO()
    write_mo(out, catalog)
    return out.getvalue()


def up_to_date(extracted: Extracted, language: str, package: Path = PACKAGE) -> Catalog:
    """The catalogue on disk, brought up to date."""
    return merged(extracted, *translations(path_of(language, package)), language)


def update(package: Path = PACKAGE) -> Extracted:
    """Writes all catalogues, where they change."""
    extracted = extract(package)
    for language in LANGUAGES:
        catalog, file = up_to_date(extracted, language, package), path_of(language, package)
        file.parent.mkdir(parents=True, exist_ok=True)
        for path, content in ((file, written(catalog)), (file.with_suffix(".mo"), compiled(catalog))):
            if not path.exists() or path.read_bytes() != content:
                path.write_bytes(content)
    return extracted


def missing(catalog: Catalog) -> list[str]:
    return [str(each.id) for each in catalog if each.id and not each.string]


def main(words: Iterable[str]) -> int:
    """0 where all is said in all languages, else 1 with a line for each thing to mend."""
    wanted: Any = list(words)
    if wanted not in (["update"], ["check"]):
        print(__doc__)  # noqa: T201 - a command of the tests
        return 2
    extracted = update() if wanted == ["update"] else extract()
    lines = [str(each) for each in (*extracted.breaches, *strays(extracted))]
    lines += [
        f"an exception that is not met any more: {key}"
        for key in {**EXCEPTIONS, **ENGLISH_PLACES}
        if key not in extracted.exceptions
    ]
    where = {message.text: message for message in extracted.messages}
    for language in LANGUAGES:
        for text in missing(up_to_date(extracted, language)):
            lines.append(f"sheetsync/{where[text].file}:{where[text].line}: no {language} for: {text}")
    for line in lines:
        print(line)  # noqa: T201
    print(f"{len(extracted.sentences)} sentences, {len(lines)} to mend")  # noqa: T201
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
