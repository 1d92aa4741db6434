"""Values on the wire, both ways, strict in what it takes: each version's own notation and nothing else."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from goldbridge.simulators.odata.table import EntitySet, typed

_START = datetime(1970, 1, 1, tzinfo=UTC)


def shown(kind: str, value: Any, version: int, *, exact: bool) -> Any:
    """A value as an answer shows it; `exact` is IEEE754Compatible: decimals and 64-bit integers as text."""
    if value is None:
        return None
    if isinstance(value, datetime):
        if version == 2:
            ms = (value - _START) // timedelta(milliseconds=1)
            return f"/Date({ms}{'+0000' if kind == 'Edm.DateTimeOffset' else ''})/"
        return (
            value.strftime("%Y-%m-%dT%H:%M:%S")
            + (f".{value.microsecond // 1000:03d}" if value.microsecond else "")
            + "Z"
        )
    if isinstance(value, date):
        return value.isoformat()
    if kind == "Edm.Time":
        return "PT{}H{}M{}S".format(*value.split(":"))
    if kind == "Edm.Decimal":
        return f"{value:f}" if version == 2 or exact else float(value)
    if kind == "Edm.Int64":
        return str(value) if version == 2 or exact else value
    return value


def taken(of: EntitySet, name: str, value: Any, version: int, *, exact: bool) -> Any:
    """A value from a body as rows keep it; raises ValueError with a sentence."""
    kind = of.properties[name]
    if value is None:
        return None
    found = _typed(kind, value, version, exact=exact)
    if isinstance(found, str) and len(found) > of.longest.get(name, 100_000):
        raise ValueError(f"Property '{name}' has value longer than {of.longest[name]} characters")
    return found


def _typed(kind: str, value: Any, version: int, *, exact: bool) -> Any:
    if version == 2 and kind in ("Edm.DateTime", "Edm.DateTimeOffset"):
        ticks = re.fullmatch(r"/Date\((-?\d+)([+-]\d{4})?\)/", str(value))
        if ticks is None:
            raise ValueError(f"{kind} is written /Date(ms)/")
        return _START + timedelta(milliseconds=int(ticks[1]))
    if kind == "Edm.Time":
        span = re.fullmatch(r"PT(\d+)H(\d+)M(\d+)S", str(value))
        if span is None:
            raise ValueError("a time is written PT10H20M30S")
        return ":".join(f"{int(part):02d}" for part in span.groups())
    if kind in ("Edm.Decimal", "Edm.Int64"):
        if isinstance(value, bool) or isinstance(value, str) != (version == 2 or exact):
            raise ValueError(f"{kind} has the wrong notation")
        try:
            return typed(kind, str(value))
        except InvalidOperation:
            raise ValueError(f"{value!r} is no number") from None
    if kind in ("Edm.Int32", "Edm.Int16", "Edm.Byte"):
        if not isinstance(value, int) or isinstance(value, bool):
            raise ValueError(f"{kind} takes an integer")
        return value
    if kind == "Edm.Double":
        if not isinstance(value, int | float):
            raise ValueError("Edm.Double takes a number")
        return float(value)
    if kind in ("Edm.String", "Edm.Guid") and not isinstance(value, str):
        raise ValueError(f"{kind} takes text, not {type(value).__name__}")
    return typed(kind, value)


def written(kind: str, value: Any, version: int) -> str:
    """A value inside a key predicate."""
    if kind == "Edm.String":
        return "'" + str(value).replace("'", "''") + "'"
    if isinstance(value, datetime):
        text = value.strftime("%Y-%m-%dT%H:%M:%S")
        return (
            f"datetime'{text}'"
            if kind == "Edm.DateTime"
            else f"datetimeoffset'{text}Z'"
            if version == 2
            else f"{text}Z"
        )
    if kind == "Edm.Guid" and version == 2:
        return f"guid'{value}'"
    if isinstance(value, Decimal) and version == 2:
        return f"{value}M"
    return str(value)


def identity(of: EntitySet, values: dict[str, Any], version: int) -> str:
    """A row's address below the service root, e.g. `A_BusinessPartner('4711')`."""
    parts = [(name, written(of.properties[name], values[name], version)) for name in of.keys]
    inner = parts[0][1] if len(parts) == 1 else ",".join(f"{name}={text}" for name, text in parts)
    return f"{of.name}({inner})"


def metadata(sets: list[EntitySet], namespace: str, version: int) -> str:
    """The service's description."""
    types = "".join(_type(of, sets, namespace, version) for of in sets)
    entries = "".join(f'<EntitySet Name="{of.name}" EntityType="{namespace}.{of.type}"/>' for of in sets)
    if version == 4:
        return (
            '<?xml version="1.0" encoding="utf-8"?><edmx:Edmx Version="4.0" '
            'xmlns:edmx="http://docs.oasis-open.org/odata/ns/edmx"><edmx:DataServices>'
            f'<Schema Namespace="{namespace}" xmlns="http://docs.oasis-open.org/odata/ns/edm">{types}'
            f'<EntityContainer Name="Entities">{entries}</EntityContainer></Schema></edmx:DataServices></edmx:Edmx>'
        )
    links, link_sets = _associations(sets, namespace)
    return (
        '<?xml version="1.0" encoding="utf-8"?><edmx:Edmx Version="1.0" '
        'xmlns:edmx="http://schemas.microsoft.com/ado/2007/06/edmx" '
        'xmlns:m="http://schemas.microsoft.com/ado/2007/08/dataservices/metadata">'
        f'<edmx:DataServices m:DataServiceVersion="2.0"><Schema Namespace="{namespace}" '
        f'xmlns="http://schemas.microsoft.com/ado/2008/09/edm">{types}{links}'
        f'<EntityContainer Name="Entities" m:IsDefaultEntityContainer="true">{entries}{link_sets}</EntityContainer>'
        "</Schema></edmx:DataServices></edmx:Edmx>"
    )


def _type(of: EntitySet, sets: list[EntitySet], namespace: str, version: int) -> str:
    refs = "".join(f'<PropertyRef Name="{key}"/>' for key in of.keys)
    needed = {*of.keys, *of.required}
    parts = []
    for name, kind in of.properties.items():
        never_null = ' Nullable="false"' if name in needed else ""
        longest = f' MaxLength="{of.longest[name]}"' if name in of.longest else ""
        parts.append(f'<Property Name="{name}" Type="{kind}"{never_null}{longest}/>')
    for name, (child, _) in of.children.items():
        target = next(one for one in sets if one.name == child)
        if version == 4:
            parts.append(f'<NavigationProperty Name="{name}" Type="Collection({namespace}.{target.type})"/>')
        else:
            roles = f'FromRole="from_{name}" ToRole="to_{name}"'
            parts.append(f'<NavigationProperty Name="{name}" Relationship="{namespace}.link_{name}" {roles}/>')
    return f'<EntityType Name="{of.type}"><Key>{refs}</Key>{"".join(parts)}</EntityType>'


def _associations(sets: list[EntitySet], namespace: str) -> tuple[str, str]:
    """What V2 wants to know about links between sets."""
    links, link_sets = "", ""
    for of in sets:
        for name, (child, _) in of.children.items():
            target = next(one for one in sets if one.name == child)
            links += (
                f'<Association Name="link_{name}">'
                f'<End Type="{namespace}.{of.type}" Multiplicity="1" Role="from_{name}"/>'
                f'<End Type="{namespace}.{target.type}" Multiplicity="*" Role="to_{name}"/></Association>'
            )
            link_sets += (
                f'<AssociationSet Name="links_{name}" Association="{namespace}.link_{name}">'
                f'<End EntitySet="{of.name}" Role="from_{name}"/><End EntitySet="{child}" Role="to_{name}"/>'
                "</AssociationSet>"
            )
    return links, link_sets
