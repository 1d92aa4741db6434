"""Splink 5 on one table, as its documentation shows it; runs in an environment of its own.

Cleaning is SQL, as its documentation advises: width and accents folded, signs and legal forms off, the row's own town
out of its name, telephone numbers cut to their last ten digits, domains out of e-mails. Models are trained without
labels: u by random sampling, m by expectation maximisation on two blocking rules. Clusters at 0.95, or single best
links where two sources are linked, as in its tutorials.

This configuration was frozen before anything was measured with it.

    python with_splink.py TABLE.csv LABELS.csv NAME
"""

from __future__ import annotations

import logging
import sys
from pathlib import Path
from typing import Any

import duckdb
import splink.comparison_library as cl
from splink import DuckDBAPI, Linker, SettingsCreator, block_on

THRESHOLD = 0.95
_WIDE = "".join(map(chr, range(0xFF01, 0xFF5F))) + "\u3000"
_NARROW = "".join(map(chr, range(0x21, 0x7F))) + " "
_FORMS = (
    "有限责任公司|股份有限公司|有限公司|股份公司|公司|专业合作社|有限合伙"
    "|\\b(limited|ltd|plc|llp|inc|incorporated|llc|corporation|corp"
    "|company|co|gmbh|ag|kg|sarl|sas|sa|sl|slu|srl|spa|snc|bv|nv|sp zoo|ab|aktiebolag|private limited|pvt ltd"
    "|pvt|ltda|limitada|kk|pte ltd|pte|sro|as|sa de cv|s de rl de cv)\\b"
)
_COMPANY = f"""
with folded as (
  select id, credit_code, contact,
    regexp_replace(lower(strip_accents(translate(name, $wide, $narrow))), '[.,]', '', 'g') as name,
    regexp_replace(lower(strip_accents(translate(address, $wide, $narrow))), '[^\\pL\\pN]', '', 'g') as address,
    regexp_replace(lower(strip_accents(city)), '市$', '') as city,
    right(regexp_replace(regexp_replace(translate(phone, $wide, $narrow), '转.*$', ''), '[^0-9]', '', 'g'), 10)
      as phone,
    lower(email) as email
  from raw)
select id as unique_id,
  nullif(upper(credit_code), '') as code,
  nullif(regexp_replace(replace(regexp_replace(name, '{_FORMS}', ' ', 'g'), coalesce(nullif(city, ''), '~'), ''),
    '[^\\pL\\pN]', '', 'g'), '') as name,
  nullif(address, '') as address, nullif(city, '') as city, nullif(phone, '') as phone, nullif(email, '') as email,
  case when regexp_matches(email, '@(qq|163|126|sina|foxmail|gmail|outlook|yahoo|gmx|hotmail)') then null
    else nullif(split_part(email, '@', 2), '') end as domain,
  nullif(contact, '') as contact
from folded
"""


class Plan:
    """What is compared, what brings records together, and on which rules the model is trained."""

    def __init__(self, compare: list[Any], block: list[Any], train: list[Any], sure: list[Any], recall: float) -> None:
        self.compare, self.block, self.train, self.sure, self.recall = compare, block, train, sure, recall


def exact(column: str) -> Any:
    return cl.ExactMatch(column).configure(term_frequency_adjustments=True)


def jaro(column: str, *levels: float, rare: bool = False) -> Any:
    return cl.JaroWinklerAtThresholds(column, list(levels)).configure(term_frequency_adjustments=rare)


def person(dob: str) -> list[Any]:
    return [cl.DateOfBirthComparison(dob, input_is_string=True, datetime_format="%Y-%m-%d", invalid_dates_as_null=True)]


def plan(name: str) -> Plan:
    """The configuration of a table."""
    if name == "company":
        return Plan(
            [
                jaro("name", 0.95, 0.88, 0.8, rare=True), cl.LevenshteinAtThresholds("code", [1]), exact("phone"),
                exact("email"), exact("domain"), jaro("address", 0.95, 0.85), exact("city"), jaro("contact", 0.9),
            ],
            [
                block_on("code"), block_on("phone"), block_on("email"), block_on("domain"), block_on("name"),
                block_on("substr(name, 1, 4)", "city"), block_on("substr(name, 1, 3)", "contact"), block_on("address"),
            ],
            [block_on("code"), block_on("phone")],
            [block_on("code"), block_on("phone", "substr(name, 1, 2)"), block_on("name", "city")],
            0.7,
        )  # fmt: skip
    if name in ("febrl3", "febrl4"):
        return Plan(
            [
                cl.NameComparison("given_name").configure(term_frequency_adjustments=True),
                cl.NameComparison("surname").configure(term_frequency_adjustments=True),
                cl.DateOfBirthComparison(
                    "date_of_birth", input_is_string=True, datetime_format="%Y%m%d", invalid_dates_as_null=True
                ),
                cl.DamerauLevenshteinAtThresholds("soc_sec_id", [1, 2]),
                exact("street_number"), exact("postcode"),
                cl.LevenshteinAtThresholds("address_1", [1, 2]),
            ],
            [
                block_on("soc_sec_id"), block_on("given_name", "surname"), block_on("date_of_birth", "surname"),
                block_on("date_of_birth", "given_name"), block_on("postcode", "surname"),
                block_on("postcode", "given_name"), block_on("address_1", "date_of_birth"),
            ],
            [block_on("date_of_birth"), block_on("postcode")],
            [block_on("soc_sec_id"), block_on("given_name", "surname", "date_of_birth")],
            0.8,
        )  # fmt: skip
    if name == "fake1000":
        return Plan(
            [
                cl.NameComparison("first_name"), cl.NameComparison("surname"), *person("dob"), exact("city"),
                cl.EmailComparison("email"),
            ],
            [block_on("first_name", "city"), block_on("surname"), block_on("dob"), block_on("email")],
            [block_on("first_name", "surname"), block_on("dob")],
            [block_on("first_name", "dob"), block_on("surname", "dob"), block_on("email")],
            0.7,
        )  # fmt: skip
    if name == "hist50k":
        return Plan(
            [
                cl.ForenameSurnameComparison("first_name", "surname"), *person("dob"),
                cl.PostcodeComparison("postcode_fake"), exact("birth_place"), exact("occupation"),
            ],
            [
                block_on("substr(first_name,1,3)", "substr(surname,1,4)"), block_on("surname", "dob"),
                block_on("first_name", "dob"), block_on("postcode_fake", "first_name"),
                block_on("postcode_fake", "surname"), block_on("dob", "birth_place"),
                block_on("substr(postcode_fake,1,3)", "dob"), block_on("substr(postcode_fake,1,3)", "first_name"),
                block_on("substr(postcode_fake,1,3)", "surname"),
                block_on("substr(first_name,1,2)", "substr(surname,1,2)", "substr(dob,1,4)"),
            ],
            [block_on("first_name", "surname"), block_on("dob")],
            [block_on("first_name", "surname", "dob"), block_on("postcode_fake", "dob")],
            0.6,
        )  # fmt: skip
    return Plan(
        [jaro("title", 0.95, 0.85), jaro("authors", 0.9, 0.75), exact("venue"), exact("year")],
        [
            block_on("title"),
            block_on("authors"),
            block_on("year", "substr(title,1,4)"),
            block_on("year", "substr(authors,1,3)"),
        ],
        [block_on("title"), block_on("authors")],
        [block_on("title", "year"), block_on("authors", "year")],
        0.7,
    )


def main(source: str, target: str, name: str) -> None:
    logging.getLogger("splink").setLevel(logging.ERROR)
    base = duckdb.connect()
    base.execute(
        "create table raw as select * from read_csv($file, all_varchar=true, header=true, quote='\"')", {"file": source}
    )
    base.execute("create sequence numbers start 0 minvalue 0")
    columns = {row[0] for row in base.execute("describe raw").fetchall()}
    linked = False
    if name == "company":
        base.execute(f"create table cleaned as {_COMPANY}", {"wide": _WIDE, "narrow": _NARROW})
        key = "id"
    else:
        kept = ", ".join(f"nullif({each}, '') as {each}" for each in sorted(columns - {"rid", "cluster", "src"}))
        if name == "hist50k":
            kept += ", concat_ws(' ', first_name, surname) as first_name_surname_concat"
        linked = base.execute("select count(distinct src) from raw").fetchall()[0][0] > 1
        base.execute(f"create table cleaned as select rid as unique_id, src, {kept} from raw")
        key = "rid"
    labels = clusters(base, plan(name), linked)
    order = [row[0] for row in base.execute(f"select {key} from raw order by {key}").fetchall()]
    with Path(target).open("w", encoding="utf-8") as out:
        out.writelines(f"{each},{labels.get(each, each)}\n" for each in order)


def clusters(base: duckdb.DuckDBPyConnection, chosen: Plan, linked: bool) -> dict[str, str]:
    """Record -> cluster."""
    api = DuckDBAPI(base)
    settings = SettingsCreator(
        link_type="link_only" if linked else "dedupe_only",
        comparisons=chosen.compare,
        blocking_rules_to_generate_predictions=chosen.block,
        retain_matching_columns=False,
        retain_intermediate_calculation_columns=False,
    )
    if linked:
        tables = []
        for side in ("a", "b"):
            base.execute(f"create table side_{side} as select * exclude (src) from cleaned where src = '{side}'")
            tables.append(api.register(f"side_{side}", source_dataset_name=side))
        linker = Linker(tables, settings)
    else:
        linker = Linker(api.register("cleaned"), settings)
    linker.training.estimate_probability_two_random_records_match(chosen.sure, recall=chosen.recall)
    linker.training.estimate_u_using_random_sampling(max_pairs=1e6, seed=1)
    for rule in chosen.train:
        linker.training.estimate_parameters_using_expectation_maximisation(rule)
    found = linker.inference.predict(threshold_match_probability=0.5)
    if linked:
        joined = linker.clustering.cluster_using_single_best_links(
            found, duplicate_free_datasets=["a", "b"], threshold_match_probability=0.5
        )
    else:
        joined = linker.clustering.cluster_pairwise_predictions_at_threshold(
            found, threshold_match_probability=THRESHOLD
        )
    rows = base.execute(f"select unique_id, cluster_id from {joined.physical_name}").fetchall()
    return dict(rows)


if __name__ == "__main__":
    main(*sys.argv[1:])
