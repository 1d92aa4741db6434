"""A small model and short ways to compile mappings, shared by the tests of this folder."""

from __future__ import annotations

from typing import Any

from goldbridge.errors import Misconfigured
from goldbridge.mapping import Mapping, compile_mapping
from goldbridge.records.model import Model, compile_model
from goldbridge.settings.document import Document
from goldbridge.settings.yaml import read

MODEL_TEXT = """
entities:
  party:
    fields:
      name:         {type: text, required: true}
      short_name:   {type: text}
      former_names: {type: text, many: true}
      credit_code:  {type: credit_code, identifier: hard}
      phone:        {type: phone}
      phones:       {type: phone, many: true}
      email:        {type: email}
      status:       {enum: [active, inactive]}
      tags:         {enum: [red, green], many: true}
      capital_cny:  {type: money}
      address:      {type: address, fields: {area: {type: text}}}
      industry:     {type: industry}
      founded_on:   {type: date}
      updated_at:   {type: datetime}
      employees:    {type: integer}
      listed:       {type: boolean}
      place:        {fields: {inner: {fields: {deep: {type: text}}}, top: {type: text}}}
    roles: {customer: {}, dealer: {}}
  contact:
    parent: party
    fields:
      party: {reference: party, required: true}
      name:  {type: text, required: true}
      friends: {reference: party, many: true}
"""
MODEL: Model = compile_model(read(MODEL_TEXT, "config/model.yaml"))
FILE = "mappings/crm/account.yaml"
ZONE = "Asia/Shanghai"

HEAD = "mapping: crm.account\ntarget: party\nkey: id\nfields:\n  name: {from: name}\n"
"""Four lines of head and the required name; a test's own fields start on line 6."""

OUT_HEAD = "mapping: new.account.out\nsource: party\ntarget: new.Account\nfields:\n"


def document(text: str, file: str = FILE) -> Document:
    return read(text, file)


def table(text: str, name: str) -> dict[str, Document]:
    return {name: read(text, f"mappings/tables/{name}.yaml")}


def compiled(
    text: str,
    *,
    stream_fields: frozenset[str] | None = None,
    tables: dict[str, Document] | None = None,
    zone: str | None = ZONE,
) -> Mapping:
    return compile_mapping(document(text), MODEL, stream_fields=stream_fields, tables=tables, zone=zone)


def party(*lines: str, **options: Any) -> Mapping:
    """A mapping of crm.account with these lines under `fields:`."""
    return compiled(HEAD + "".join(f"  {line}\n" for line in lines), **options)


def problems(text: str, **options: Any) -> list[str]:
    """What the compiler says about a mapping, without the file's name."""
    try:
        compiled(text, **options)
    except Misconfigured as error:
        return [str(problem).removeprefix(f"{FILE}:") for problem in error.problems]
    return []


def one(mapping: Mapping, **row: Any) -> dict[str, Any]:
    """The document that one row becomes; the row has a key and a name unless it says otherwise."""
    batch = mapping.apply([{"id": "1", "name": "甲", **row}])
    assert batch.fates == ["applied"], batch.errors
    document = batch.values[0]
    assert document is not None
    return document


def notes(mapping: Mapping, **row: Any) -> dict[str, Any]:
    batch = mapping.apply([{"id": "1", "name": "甲", **row}])
    assert batch.fates == ["applied"], batch.errors
    return batch.notes[0] or {}


def refused(mapping: Mapping, **row: Any) -> str:
    """The code and reason of the dead letter that one row becomes."""
    batch = mapping.apply([{"id": "1", "name": "甲", **row}])
    assert batch.fates == ["dead"]
    assert (batch.values, batch.notes) == ([None], [None])
    return str(batch.errors[0])
