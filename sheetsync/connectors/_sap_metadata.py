"""The $metadata of an OData service goes in, what one entity set is made of comes out: keys, fields, their types and units.

Format    CSDL, https://docs.oasis-open.org/odata/odata-csdl-xml/v4.01/; SAP's own attributes of version 2 (`sap:unit`,
          `sap:semantics`, `sap:display-format`) and the annotations Measures.ISOCurrency and Measures.Unit of both versions
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from sheetsync.errors import NoSuchMetric, NotFound, UnexpectedReply

_SAP: Final = "{http://www.sap.com/Protocols/SAPData}"


@dataclass(frozen=True, slots=True)
class Field:
    """One property. `type` without `Edm.`; `day` when only the date of it counts; `unit` the field that holds its unit."""

    type: str
    day: bool = False
    unit: str = ""
    money: bool = False


@dataclass(frozen=True, slots=True)
class EntitySet:
    """What the rows of an entity set are made of; `keys` together name one row."""

    keys: tuple[str, ...]
    fields: Mapping[str, Field]

    def field(self, name: str) -> Field:
        """A field by its name, in whatever case. Raises NoSuchMetric with the names that come close."""
        return self.fields[self.named(name)]

    def named(self, name: str) -> str:
        """The name as the service spells it. Raises NoSuchMetric."""
        for known in self.fields:
            if known.casefold() == name.strip().casefold():
                return known
        close = difflib.get_close_matches(name, self.fields, n=3, cutoff=0.5)
        raise NoSuchMetric(
            "SAP has no field {field} here; similar ones: {known}.", field=name, known=close,
            advice="Fields are written as the service names them, for example SalesOrderDate or TotalNetAmount.",
        )  # fmt: skip

    def text(self) -> str:
        """One text that `of_text` reads back."""
        fields = {name: [one.type, one.day, one.unit, one.money] for name, one in self.fields.items()}
        return json.dumps({"keys": self.keys, "fields": fields}, separators=(",", ":"))

    @classmethod
    def of_text(cls, text: str) -> EntitySet | None:
        """None where it is no such text: it was kept by another version."""
        try:
            found = json.loads(text)
            return cls(tuple(found["keys"]), {name: Field(*parts) for name, parts in found["fields"].items()})
        except (ValueError, KeyError, TypeError, AttributeError):
            return None


def entity_set(xml: bytes, name: str) -> EntitySet:
    """Raises NotFound (no such entity set), UnexpectedReply (no metadata)."""
    from defusedxml import DefusedXmlException  # noqa: PLC0415 - needed on the first visit to a service only
    from defusedxml.ElementTree import ParseError, fromstring  # noqa: PLC0415 - the same

    try:
        root = fromstring(xml, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError):
        raise UnexpectedReply("SAP's description of this service cannot be read.") from None
    declared = next((one for one in root.iterfind(".//{*}EntitySet") if one.get("Name") == name), None)
    if declared is None:
        raise NotFound("This service of SAP has no list called {name}.", name=name)
    kind = str(declared.get("EntityType")).rpartition(".")[2]
    types = {str(one.get("Name")): one for one in root.iterfind(".//{*}EntityType")}
    keys, known = [], types.get(kind)
    fields: dict[str, Any] = {}
    if known is None:
        raise UnexpectedReply("SAP's description of this service cannot be read.")
    while known is not None:  # a type may extend another one
        keys += [str(one.get("Name")) for one in known.iterfind("{*}Key/{*}PropertyRef")]
        fields |= {str(one.get("Name")): one for one in known.iterfind("{*}Property")}
        known = types.get(str(known.get("BaseType", "")).rpartition(".")[2])
    units = _units(root, kind, fields)
    return EntitySet(tuple(keys), {each: _field(each, fields, units) for each in fields})


def _field(name: str, declared: Mapping[str, Any], units: Mapping[str, tuple[str, bool]]) -> Field:
    one = declared[name]
    kind = str(one.get("Type", "")).removeprefix("Edm.")
    noted, money = units.get(name, ("", False))
    unit = noted or str(one.get(f"{_SAP}unit", ""))
    semantics = declared[unit].get(f"{_SAP}semantics") if unit in declared else None
    day = kind == "Date" or (kind == "DateTime" and one.get(f"{_SAP}display-format") == "Date")
    return Field(kind, day, unit if unit in declared else "", money or semantics == "currency-code")


def _units(root: Any, kind: str, declared: Mapping[str, Any]) -> dict[str, tuple[str, bool]]:
    """Field -> the field with its unit and whether that is a currency, of the annotations; they stand apart or in the field."""
    noted = [(field, note) for field, one in declared.items() for note in one.iterfind("{*}Annotation")]
    for group in root.iterfind(".//{*}Annotations"):
        place, _, field = str(group.get("Target", "")).partition("/")
        if place.rpartition(".")[2] == kind and field:
            noted += [(field, note) for note in group.iterfind("{*}Annotation")]
    found: dict[str, tuple[str, bool]] = {}
    for field, note in noted:
        term, path = str(note.get("Term", "")).rpartition(".")[2], note.get("Path") or note.findtext("{*}Path")
        if path and (term == "ISOCurrency" or (term == "Unit" and field not in found)):
            found[field] = str(path).strip(), term == "ISOCurrency"
    return found
