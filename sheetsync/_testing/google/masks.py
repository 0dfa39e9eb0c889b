"""A field mask goes in (`sheets(properties.title,data/rowData)`), a tree goes out; documents are cut and written along it.

A tree is a dict from field name to subtree; an empty subtree means the whole field. The mask `*` is the empty tree.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, TypeAlias

from sheetsync._testing.google.errors import Refusal, bad

Tree: TypeAlias = dict[str, "Tree"]

_TOKEN: Final = re.compile(r"[A-Za-z0-9_*]+|[(),./]")


def parse(mask: str) -> Tree:
    """Both spellings of a step, `.` and `/`, and groups in brackets. Raises a 400 for what is not a mask."""
    text = mask.replace(" ", "")
    tokens = _TOKEN.findall(text)
    if "".join(tokens) != text or not tokens:
        raise _invalid(mask)
    tree, rest = _group(tokens, 0, mask)
    if rest != len(tokens):
        raise _invalid(mask)
    return {} if "*" in tree else tree


def _group(tokens: list[str], at: int, mask: str) -> tuple[Tree, int]:
    tree: Tree = {}
    while True:
        node, path = tree, []
        while at < len(tokens) and tokens[at] not in "(),./":
            path.append(_camel(tokens[at]))
            at += 1
            if at < len(tokens) and tokens[at] in "./":
                at += 1
            else:
                break
        if not path or tokens[at - 1] in "./":
            raise _invalid(mask)
        for name in path[:-1]:
            node = node.setdefault(name, {})
        whole = path[-1] in node and not node[path[-1]]
        if at < len(tokens) and tokens[at] == "(":
            inside, at = _group(tokens, at + 1, mask)
            if at >= len(tokens) or tokens[at] != ")":
                raise _invalid(mask)
            at += 1
            if not whole:
                merge(node.setdefault(path[-1], {}), {} if "*" in inside else inside)
        else:
            node[path[-1]] = {}
        if at >= len(tokens) or tokens[at] != ",":
            return tree, at
        at += 1


def merge(into: Tree, other: Tree) -> None:
    for name, sub in other.items():
        merge(into.setdefault(name, {}), sub)


def _camel(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(part.capitalize() for part in rest)


def _invalid(mask: str) -> Refusal:
    return bad(f"Request contains an invalid argument. Invalid field mask: {mask}")


def cut(document: Any, tree: Tree) -> Any:
    """What of a document the tree selects. An object that keeps no field stays, as `{}` (recorded)."""
    if not tree:
        return document
    if isinstance(document, list):
        return [cut(item, tree) for item in document]
    if not isinstance(document, dict):
        return document
    return {name: cut(value, tree[name]) for name, value in document.items() if name in tree}


def wants(tree: Tree, *path: str) -> bool:
    """Whether the mask selects anything at or below a path."""
    for name in path:
        if not tree:
            return True
        if name not in tree:
            return False
        tree = tree[name]
    return True


def below(tree: Tree, *path: str) -> Tree:
    """The tree at a path that is wanted; empty for all of it."""
    for name in path:
        if not tree:
            return {}
        tree = tree[name]
    return tree


def leaves(tree: Tree, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for name, sub in tree.items():
        if sub:
            yield from leaves(sub, (*path, name))
        else:
            yield (*path, name)


def write(target: Mapping[str, Any], source: Mapping[str, Any], tree: Tree) -> dict[str, Any]:
    """A copy of `target` with the fields of the tree as in `source`; a field that is absent there is reset.

    Only what the tree names changes: that is what a mask is for. A whole message (an empty tree) replaces everything.
    """
    if not tree:
        return {name: value for name, value in source.items() if value is not None}
    changed = dict(target)
    for name, sub in tree.items():
        new = source.get(name)
        if not sub or not isinstance(new, Mapping | None):
            if new is None:
                changed.pop(name, None)
            else:
                changed[name] = new
            continue
        inner = write(target.get(name) or {}, new or {}, sub)
        if inner or new:
            changed[name] = inner
        else:
            changed.pop(name, None)
    return changed
