"""The companies behind the pretend systems, and what each system believes about them.

    world = World(customers=2000, seed=7)

Everything follows from (customers, seed, as_of). What a simulator may use (plain data, a fresh copy at each call):

`world.companies: list[Company]`           every real company incl. branches, in id order (company.py); `world.by_id`
`world.as_of: datetime`                    UTC; nothing in the world happened after it
`world.new_crm_rows() -> dict[str, list[dict]]`
    {"AccountObj": [...], "PartnerObj": [...], "ContactObj": [...], "SaleContractObj": []}: what the pilot team typed.
    A row has the object's field names; `_id` is set (24 hex digits), never `golden_id__c`. Times are epoch ms (int);
    currency is text in 元; regions are GB/T 2260 codes as text; `location` is `lng#%$lat#%$address`;
    select_one fields hold the *word* ("active", "inactive"; registration status "ACTIVE", "DEREGISTERED", ...), the
    simulator turns words into its own option values. `account_id`/`partner_id` of a contact hold the target `_id`.
    A field nobody filled in is missing.
`world.approvals() -> list[dict]`          one per contract that went through the OA, by create time:
    {"instance_id": "9f3c...", "business_id": "202603011615000412345", "process_code": "PROC-CONTRACT",
     "title": "李明提交的合同审批", "originator": "manager1017", "dept_id": 3, "create_ms": 0, "finish_ms": 0 or None,
     "status": "RUNNING" | "TERMINATED" | "COMPLETED", "result": "agree" | "refuse" | "",
     "form": [{"id": "TextField-K2AD4O5B", "name": "合同编号", "value": "HT-2026-00017"}, ...]}
    Form values are text, always in the same order; `paper.FORM` lists (label, component id, component type).
`world.truth() -> dict`                    the JSON of GET /_control/truth
"""

from goldbridge.simulators.world.company import Company, Person
from goldbridge.simulators.world.creation import AS_OF, World

__all__ = ["AS_OF", "Company", "Person", "World"]
