"""Contracts in the old CRM, and the approvals the recent ones went through in the OA."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from goldbridge.simulators.world.company import Company
from goldbridge.simulators.world.dice import Dice, fingerprint
from goldbridge.simulators.world.legacy import Entry, LegacyCrm, Row
from goldbridge.simulators.world.moment import SHANGHAI, before, between, epoch_ms, in_office, local_text

PROCESS = "PROC-CONTRACT"
FORM = (
    ("合同编号", "TextField-K2AD4O5B", "TextField"),
    ("合同类型", "DDSelectField-K2AD4O5C", "DDSelectField"),
    ("客户编号", "TextField-K2AD4O5D", "TextField"),
    ("客户名称", "TextField-K2AD4O5E", "TextField"),
    ("合同金额", "MoneyField-K2AD4O5F", "MoneyField"),
    ("签订日期", "DDDateField-K2AD4O5G", "DDDateField"),
)
"""Label, component id, component type; the amount is in 元."""
KINDS = {"A": "代理", "F": "框架", "S": "销售"}
APPROVAL_DAYS = 110
"""Contracts signed within so many days went through the OA; older ones were signed on paper."""


@dataclass(slots=True)
class Contract:
    """A contract and the old CRM's row of it (None: only the OA knows it so far)."""

    company: Company
    customer: Entry
    number: str
    kind: str
    amount: str
    signed_on: str
    signed_at: datetime
    row: Row | None


def sign(seed: int, crm: LegacyCrm, as_of: datetime) -> tuple[list[Contract], list[tuple[dict[str, Any], Contract]]]:
    """All contracts, and the approvals (as the OA's simulator wants them) by time of creation."""
    drafts: list[Contract] = []
    for entry in crm.entries:
        dice = Dice(seed, "contract", entry.row["CUST_ID"])
        if entry.row["IS_DELETED"] == "1" or not dice.chance(0.48):
            continue
        for _ in range(1 + int(3 * dice.random() ** 2)):
            recent = dice.chance(0.15)
            signed_at = before(dice, as_of, APPROVAL_DAYS if recent else 2200)
            signed_at = in_office(dice, max(signed_at, min(entry.created_at, as_of - timedelta(days=1))), as_of)
            kind = dice.pick("AAAFSS" if entry.row["CUST_TYPE"] == "2" else "SSSF")
            signed_on = signed_at.astimezone(SHANGHAI).strftime("%Y-%m-%d")
            drafts.append(Contract(entry.company, entry, "", kind, _amount(dice), signed_on, signed_at, None))
    drafts.sort(key=lambda contract: (contract.signed_at, contract.customer.row["CUST_ID"]))
    approvals: list[tuple[dict[str, Any], Contract]] = []
    numbers: dict[str, int] = {}
    for contract in drafts:
        year = contract.signed_on[:4]
        numbers[year] = numbers.get(year, 0) + 1
        contract.number = f"HT-{year}-{numbers[year]:05d}"
        dice = Dice(seed, "paper", contract.number)
        outcome = ""
        if as_of - contract.signed_at < timedelta(days=APPROVAL_DAYS) and dice.chance(0.9):
            approval = _approval(dice, seed, contract, as_of)
            approvals.append((approval, contract))
            outcome = approval["result"] or approval["status"]
        contract.row = _row(dice, contract, outcome, as_of)
    approvals.sort(key=lambda pair: (pair[0]["create_ms"], pair[0]["instance_id"]))
    return drafts, approvals


def _amount(dice: Dice) -> str:
    base = dice.number(10, 999) * 10 ** dice.pick((2, 3, 3, 3, 4, 4))
    draw = dice.random()
    if draw < 0.5:
        return f"{base}.00"
    if draw < 0.75:
        return str(base)
    return f"{base + dice.number(0, 99)}.{dice.number(0, 99):02d}" if draw < 0.97 else f"{base}.5"


def _row(dice: Dice, contract: Contract, outcome: str, as_of: datetime) -> Row | None:
    """The old CRM's row; a contract still on its way through the OA is often not there yet."""
    if outcome in ("RUNNING", "TERMINATED") and dice.chance(0.6):
        return None
    if outcome:
        status = "1" if outcome == "agree" else "0"
    else:
        status = dice.pick("1112222222" if dice.chance(0.96) else "0")
    return {
        "CONTRACT_NO": contract.number,
        "CUST_ID": contract.customer.row["CUST_ID"],
        "KIND": contract.kind,
        "AMOUNT": contract.amount,
        "SIGNED_ON": contract.signed_on,
        "STATUS": status,
        "UPDATED_AT": local_text(between(dice, contract.signed_at, as_of)),
    }


def _approval(dice: Dice, seed: int, contract: Contract, as_of: datetime) -> dict[str, Any]:
    created_at = contract.signed_at
    finished_at = created_at + timedelta(minutes=dice.number(30, 12 * 1440))
    status, result = "COMPLETED", "agree"
    draw = dice.random()
    if finished_at >= as_of:
        status, result = "RUNNING", ""
    elif draw < 0.04:
        status, result = "TERMINATED", ""
    elif draw < 0.13:
        result = "refuse"
    originator = str(contract.customer.row["OWNER_NAME"])
    values = (
        contract.number,
        KINDS[contract.kind],
        _customer_number(dice, contract),
        _customer_name(dice, contract),
        contract.amount,
        contract.signed_on,
    )
    mark = fingerprint(seed, "approval", contract.number)
    local = created_at.astimezone(SHANGHAI)
    return {
        "instance_id": f"{mark:016x}-{fingerprint(contract.number, seed) & 0xFFFFFF:06x}",
        "business_id": f"{local:%Y%m%d%H%M}{mark % 10**9:09d}",
        "process_code": PROCESS,
        "title": f"{originator}提交的合同审批",
        "originator": f"manager{fingerprint('staff', originator) % 9000 + 1000}",
        "dept_id": 1 + mark % 7,
        "create_ms": epoch_ms(created_at),
        "finish_ms": epoch_ms(finished_at) if status != "RUNNING" else None,
        "status": status,
        "result": result,
        "form": [
            {"id": id_, "name": label, "value": value} for (label, id_, _), value in zip(FORM, values, strict=True)
        ],
    }


def _customer_number(dice: Dice, contract: Contract) -> str:
    number = str(contract.customer.row["CUST_ID"])
    draw = dice.random()
    if draw < 0.03:
        return ""
    return f"{number[:-1]}{'X' if draw < 0.04 else number[-1]}"


def _customer_name(dice: Dice, contract: Contract) -> str:
    draw = dice.random()
    return str(contract.customer.row["CUST_NAME"]) if draw < 0.7 else contract.company.name
