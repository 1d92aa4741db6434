"""`goldbridge parse` on whole files: columns, encodings, refusals, and errors that say where."""

import csv
import json

import pytest

from goldbridge.cli import parse
from goldbridge.errors import Misconfigured

NAMES = "编号,企业名称,备注\n1,上海示例（集团）有限公司,=1+1\n2,无,\n3,朝阳区华信电子有限公司,-5\n"
ADDRESSES = "id,地址,公司\n1,浙江省杭州市余杭区文一西路969号,甲\n2,鼓楼区中山路1号,南京甲有限公司\n3,,乙\n"


def rows(path, encoding="utf-8"):
    with path.open(encoding=encoding, newline="") as file:
        return list(csv.DictReader(file))


def test_names_get_one_column_per_part(tmp_path):
    source, out = tmp_path / "in.csv", tmp_path / "out.csv"
    source.write_text(NAMES, encoding="utf-8")
    assert parse.names(source, "企业名称", out) == 0
    first, second, third = rows(out)
    assert list(first) == ["编号", "企业名称", "备注", *parse.NAME_PARTS]
    assert (first["region"], first["brand"], first["form"], first["group"]) == ("310000", "示例", "有限公司", "yes")
    assert first["reason"] == ""
    assert (second["brand"], second["reason"]) == ("", "empty")
    assert (third["region"], third["reason"]) == ("", "several divisions are called 朝阳区")


def test_formulas_are_defused_and_numbers_are_not(tmp_path):
    source, out = tmp_path / "in.csv", tmp_path / "out.csv"
    source.write_text(NAMES, encoding="utf-8")
    parse.names(source, None, out)
    assert [row["备注"] for row in rows(out)] == ["'=1+1", "", "-5"]


def test_what_is_ambiguous_stays_empty_unless_a_hint_settles_it(tmp_path):
    source, out = tmp_path / "in.csv", tmp_path / "out.csv"
    source.write_text(ADDRESSES, encoding="utf-8")
    parse.addresses(source, "地址", out)
    first, second, third = rows(out)
    assert [first[part] for part in ("province", "city", "county", "region", "road", "number")] == [
        "浙江省",
        "杭州市",
        "余杭区",
        "330110",
        "文一西路",
        "969",
    ]
    assert (second["province"], second["city"], second["county"]) == ("", "", "")
    assert second["reason"].startswith("鼓楼区 may be 南京市鼓楼区、")
    assert third["reason"] == "empty"
    parse.addresses(source, "地址", out, hint="公司")
    assert rows(out)[1]["region"] == "320106"


@pytest.mark.parametrize(
    ("encoding", "found"), [("utf-8", "utf-8"), ("utf-8-sig", "utf-8-sig"), ("gb18030", "gb18030"), ("gbk", "gb18030")]
)
def test_encodings_are_found_out_and_kept(tmp_path, capsys, encoding, found):
    source, out = tmp_path / "in.csv", tmp_path / "out.csv"
    source.write_text(NAMES, encoding=encoding)
    assert parse.names(source, "企业名称", out, as_json=True) == 0
    assert json.loads(capsys.readouterr().out) == {"rows": 3, "with_reason": 2, "encoding": found, "out": str(out)}
    assert rows(out, found)[0]["brand"] == "示例"


def test_an_encoding_can_be_named(tmp_path):
    source, out = tmp_path / "in.csv", tmp_path / "out.csv"
    source.write_text("name\n臺灣積體電路製造股份有限公司\n", encoding="big5")
    parse.names(source, None, out, encoding="big5")
    assert rows(out, "big5")[0]["form"] == "股份有限公司"


def test_columns_of_the_input_are_never_overwritten(tmp_path):
    source, out = tmp_path / "in.csv", tmp_path / "out.csv"
    source.write_text("address;city\n浙江省杭州市;mine\n", encoding="utf-8")
    parse.addresses(source, None, out)
    assert (rows(out)[0]["city"], rows(out)[0]["parsed_city"]) == ("mine", "杭州市")


def test_result_goes_to_standard_output_without_out(tmp_path, capsys):
    source = tmp_path / "in.csv"
    source.write_text("name\tx\n上海示例有限公司\t1\n", encoding="utf-8")
    parse.names(source)
    head, line = capsys.readouterr().out.splitlines()
    assert head.startswith("name,x,region,")
    assert line.startswith("上海示例有限公司,1,310000,上海,示例,")


def told(call, *arguments, **options):
    with pytest.raises(Misconfigured) as caught:
        call(*arguments, **options)
    return str(caught.value)


def test_errors_say_where_what_and_what_to_do(tmp_path):
    source = tmp_path / "in.csv"
    assert "CFG090 cannot be read: No such file" in told(parse.names, source)
    source.write_bytes("企业名称\n".encode() + b"\xff\xff\xff\n")
    message = told(parse.names, source)
    assert "CFG090 not readable as text: utf-8 fails in line 2; gb18030 fails in line 2; save it as UTF-8" in message
    source.write_text("", encoding="utf-8")
    assert "CFG090 the file has no header line" in told(parse.names, source)
    source.write_text(NAMES, encoding="utf-8")
    assert "CFG090 no encoding is called 'gb1803'; did you mean gb18030?" in told(
        parse.names, source, encoding="gb1803"
    )
    message = told(parse.names, source, "企业名")
    assert (
        f"{source}:1:1: CFG091 no column '企业名' (--column); did you mean 企业名称? it has 编号, 企业名称, 备注"
        in message
    )
    assert "CFG091 which column? name it with --column" in told(parse.addresses, source)
    assert "CFG091 no column '公司' (--hint)" in told(parse.addresses, source, "备注", hint="公司")
    assert "CFG092 --out names the input itself" in told(parse.names, source, None, source)
    assert "CFG092 cannot be written: No such file" in told(parse.names, source, None, tmp_path / "no" / "out.csv")
    source.write_text("name,x\na,1\nb,2,3\n", encoding="utf-8")
    assert f"{source}:3:1: CFG093 3 cells, the header has 2" in told(parse.names, source)


def test_a_failed_run_leaves_no_file_behind(tmp_path):
    source, out = tmp_path / "in.csv", tmp_path / "out.csv"
    source.write_text("name,x\na,1\nb,2,3\n", encoding="utf-8")
    out.write_text("before", encoding="utf-8")
    told(parse.names, source, None, out)
    assert out.read_text(encoding="utf-8") == "before"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.csv", "out.csv"]
