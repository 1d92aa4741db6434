"""Whether the values of a column could be those of a model's field: for it, against it, or nothing either way.

Values weigh more than names against a rule and less for one: a column of days is no telephone whatever it is called,
but a column of telephone numbers may be anybody's.
"""

from __future__ import annotations

from typing import NamedTuple

from goldbridge.mapping.profile import FEW, Column
from goldbridge.mapping.recognise import KINDS
from goldbridge.mapping.words import Words, fold_value
from goldbridge.records.field import Field


class Fit(NamedTuple):
    """From -1 (cannot be) over 0 (nothing known) to 1 (these are such values), and why."""

    weight: float
    why: str = ""


NONE = Fit(0.0)
STRONG, SOME, AGAINST, NEVER = 0.9, 0.5, -0.5, -1.0

_A_FEW_ROWS = 10
"""In fewer rows than this even a list of codes may not repeat itself."""
_DECLARED = {
    "phone": ("phone", "phone_number", "tel"),
    "email": ("email",),
    "url": ("url",),
    "point": ("location", "geolocation"),
    "day": ("date", "date_time", "datetime", "timestamp", "Edm.Date", "Edm.DateTime", "Edm.DateTimeOffset", "time"),
    "number": ("currency", "monetary", "money", "number", "decimal", "numeric", "double", "float", "integer", "int",
               "bigint", "Edm.Decimal", "Edm.Double", "Edm.Int32", "percent", "percentile"),
    "choice": ("select_one", "picklist", "selection", "select", "state", "Edm.Boolean", "boolean", "bool",
               "true_or_false"),
    "reference": ("object_reference", "reference", "many2one", "lookup", "Edm.Guid", "employee", "department",
                  "employee_many", "department_many", "one2many", "many2many", "select_many", "image",
                  "file_attachment"),
}  # fmt: skip
_TYPE = {word.casefold(): kind for kind, words in _DECLARED.items() for word in words}
_KIND_OF = {"phone": ("phone",), "email": ("email",), "url": ("url",), "point": ("point",)}
_DAYS = ("date", "datetime", "epoch_ms", "epoch_s")
_TELLING = ("credit_code", "phone", "email", "url", "organisation", "address", *_DAYS)


def declared_kind(column: Column) -> str:
    """What the system's own type says: phone, email, url, point, day, number, choice, reference, or nothing."""
    word = column.declared.type.partition("(")[0].strip().casefold()
    return _TYPE.get(word, "")


def fit(column: Column, target: str, field: Field, words: Words) -> Fit:
    """What a column's values and declared type say about a target such as `phones` or `address.city`."""
    if column.is_list and not field.many and field.type != "enum":
        return Fit(NEVER, "its values are lists")
    if target.startswith("address."):
        return _address(column, target.partition(".")[2])
    return _FITS.get(field.type, _any)(column, field, words)


def share(column: Column, *kinds: str) -> str:
    """A share in words: 96% are telephone numbers."""
    best = max(kinds, key=lambda kind: column.kinds.get(kind, 0.0))
    return f"{round(100 * min(1.0, column.kinds.get(best, 0.0)))}% are {KINDS.get(best, best)}"


def _kind(column: Column, *kinds: str, least: float = 0.5, never: float = 0.05) -> Fit:
    if any(declared_kind(column) == kind for kind in kinds):
        return Fit(STRONG, f"the system says {column.declared.type}")
    if not column.filled:
        return NONE
    found = column.share(*kinds)
    if found >= 0.8:
        return Fit(STRONG, share(column, *kinds))
    if found >= least:
        return Fit(SOME, share(column, *kinds))
    return Fit(NEVER if found <= never and column.filled >= 3 else AGAINST, f"only {share(column, *kinds)}")


def _code(column: Column, field: Field, words: Words) -> Fit:
    if field.type == "lei":
        return _kind(column, "lei", least=0.3)
    found = _kind(column, "credit_code", "credit_shape", least=0.3)
    if found.weight > SOME and column.share("credit_code") < 0.5:
        return Fit(SOME, found.why)  # other ids have 18 characters too; the check character tells them apart
    return found


def _phone(column: Column, field: Field, words: Words) -> Fit:
    if column.share(*_DAYS) >= 0.8 and column.share("phone") < 0.5:
        return Fit(NEVER, share(column, *_DAYS))
    return _kind(column, "phone", "mobile")


def _email(column: Column, field: Field, words: Words) -> Fit:
    return _kind(column, "email")


def _url(column: Column, field: Field, words: Words) -> Fit:
    return _kind(column, "url", least=0.4)


def _number(column: Column, field: Field, words: Words) -> Fit:
    kind = declared_kind(column)
    if kind in ("day", "phone", "reference", "choice"):
        return Fit(NEVER, f"the system says {column.declared.type}")
    if column.share("epoch_ms", "epoch_s") >= 0.8 or column.share("date", "datetime") >= 0.9:
        return Fit(NEVER, share(column, *_DAYS))
    if kind == "number":
        return Fit(STRONG, f"the system says {column.declared.type}")
    if column.share("wan", "money") + column.share("number") >= 0.8:
        return Fit(SOME, share(column, "wan", "money", "number"))
    return _kind(column, "number", "wan", "money")


def _day(column: Column, field: Field, words: Words) -> Fit:
    if declared_kind(column) == "day":
        return Fit(STRONG, f"the system says {column.declared.type}")
    return _kind(column, *_DAYS)


def _industry(column: Column, field: Field, words: Words) -> Fit:
    return _kind(column, "industry", least=0.3, never=-1.0)


def _enum(column: Column, field: Field, words: Words) -> Fit:
    """A list of codes fits any enum a little, one whose words are the enum's very well."""
    if field.name == "reg_status" and column.share("reg_status") >= 0.6:
        return Fit(STRONG, share(column, "reg_status"))
    if declared_kind(column) in ("day", "number", "phone", "email") or column.share(*_DAYS) >= 0.9:
        return Fit(NEVER, "its values are no codes")
    labels = column.declared.options or {value: value for value in column.values}
    spelled = {spelling for word in field.enum for spelling in words.spellings(word)}
    known = sum(bool({fold_value(value), fold_value(label)} & spelled) for value, label in labels.items())
    total = len(labels)
    if total and known >= max(1.0, 0.5 * total):
        return Fit(STRONG, f"{known} of {total} values are words of {field.name}")
    if declared_kind(column) == "choice" or column.declared.options or column.is_code:
        return Fit(SOME, f"few values ({len(column.declared.options) or column.distinct})")
    if column.filled < _A_FEW_ROWS and max(map(len, column.values), default=0) <= 30:
        return NONE
    return Fit(NEVER if column.distinct > FEW else AGAINST, "too many different values")


def _boolean(column: Column, field: Field, words: Words) -> Fit:
    return _kind(column, "boolean")


def _text(column: Column, field: Field, words: Words) -> Fit:
    kind = declared_kind(column)
    if kind in ("reference", "day"):
        return Fit(NEVER, f"the system says {column.declared.type}")
    telling = max(_TELLING, key=lambda each: column.kinds.get(each, 0.0))
    named = column.share("organisation", "person")
    if field.name in ("name", "short_name", "former_names") and named >= 0.5:
        return Fit(STRONG if named >= 0.7 else SOME, share(column, "organisation", "person"))
    if field.name in ("owner", "author", "applicant", "contact"):
        return _human(column)
    if field.name in ("content", "description", "location", "reason"):
        return NONE
    if column.kinds.get(telling, 0.0) >= 0.8 and not (field.name == "registration_no" and telling == "credit_code"):
        return Fit(NEVER, share(column, telling))
    if field.name in ("name", "short_name", "title") and column.share("number") >= 0.8:
        return Fit(AGAINST, share(column, "number"))
    return NONE


def _human(column: Column) -> Fit:
    if column.share("person") >= 0.5:
        return Fit(STRONG, share(column, "person"))
    if column.share("number", "organisation", *_DAYS) >= 0.5:
        return Fit(AGAINST, share(column, "number", "organisation", *_DAYS))
    return NONE


def _reference(column: Column, field: Field, words: Words) -> Fit:
    if column.share("organisation", "person", "address", "phone", "email", *_DAYS) >= 0.4:
        best = share(column, "organisation", "person", "address", "phone", "email", *_DAYS)
        return Fit(NEVER, f"{best}, and a key is needed")
    if declared_kind(column) in ("day", "phone", "email", "choice"):
        return Fit(NEVER, f"the system says {column.declared.type}")
    return NONE


def _address(column: Column, part: str) -> Fit:
    kind = declared_kind(column)
    if part == "point" or kind == "point" or column.share("point") >= 0.5:
        return _kind(column, "point") if part == "point" else Fit(NEVER, "it holds a point")
    if kind in ("day", "number", "phone", "email", "url", "reference") and part != "region":
        return Fit(NEVER, f"the system says {column.declared.type}")
    if not column.filled:
        return NONE
    if column.share("organisation", "phone", "email", "url", "person", *_DAYS) >= 0.8 and part == "line":
        return Fit(NEVER, share(column, "organisation", "phone", "email", "url", "person", *_DAYS))
    if part == "line":
        found = column.share("address")
        return Fit(STRONG, share(column, "address")) if found >= 0.5 else NONE
    if part == "region":
        return _kind(column, "region")
    found = column.share(part, "region")
    if found >= 0.6:
        return Fit(STRONG, share(column, part, "region"))
    return Fit(AGAINST if column.share("number") >= 0.5 else 0.0, "")


def _any(column: Column, field: Field, words: Words) -> Fit:
    return NONE


_FITS = {
    "credit_code": _code,
    "lei": _code,
    "phone": _phone,
    "email": _email,
    "url": _url,
    "money": _number,
    "decimal": _number,
    "integer": _number,
    "date": _day,
    "datetime": _day,
    "industry": _industry,
    "enum": _enum,
    "boolean": _boolean,
    "text": _text,
    "reference": _reference,
}
