"""The world as one object: companies, every system's view of them, and the truth that ties the views together."""

from __future__ import annotations

from collections import Counter
from copy import deepcopy
from datetime import UTC, datetime
from typing import Any

from goldbridge.simulators.world import erp, legacy, paper, pilot
from goldbridge.simulators.world.company import Company
from goldbridge.simulators.world.population import populate

AS_OF = datetime(2026, 9, 30, 10, 0, 0, tzinfo=UTC)
"""The world's present unless told otherwise: fixed, so that a seed means the same world on every day."""


class World:
    """`customers` companies that are customer or dealer, and all that hangs on them; equal arguments, equal world."""

    def __init__(self, customers: int, seed: int, as_of: datetime = AS_OF) -> None:
        if customers < 1:
            raise ValueError(f"a world needs at least one customer, not {customers}")
        self.customers, self.seed, self.as_of = customers, seed, as_of
        self.companies: list[Company] = populate(seed, customers, as_of.year)
        self.by_id = {company.id: company for company in self.companies}
        self.owners = legacy.sales_people(seed, customers)
        self.legacy = legacy.enter(seed, self.companies, as_of, self.owners)
        self.erp = erp.enter(seed, self.companies, as_of)
        self.pilot = pilot.enter(seed, self.companies, as_of)
        self.contracts, self._approvals = paper.sign(seed, self.legacy, as_of)
        self.records = self._records()

    def new_crm_rows(self) -> dict[str, list[dict[str, Any]]]:
        """What stands in the new CRM before anybody synchronises anything."""
        rows: dict[str, list[dict[str, Any]]] = {
            "AccountObj": [],
            "PartnerObj": [],
            "ContactObj": [],
            "SaleContractObj": [],
        }
        for name, row, _, _, _ in self.pilot:
            rows[name].append(dict(row))
        return rows

    def approvals(self) -> list[dict[str, Any]]:
        return deepcopy([approval for approval, _ in self._approvals])

    def _records(self) -> dict[str, dict[str, str]]:
        """Which company (or person) every source record is really about, by stream and key."""
        records: dict[str, dict[str, str]] = {
            "legacy_crm.account": {str(entry.row["CUST_ID"]): entry.company.id for entry in self.legacy.entries},
            "legacy_crm.contact": {str(row["CONTACT_ID"]): person.id for row, person in self.legacy.contacts},
            "legacy_crm.contract": {
                contract.number: contract.company.id for contract in self.contracts if contract.row is not None
            },
            "erp.partner": {str(entry.row["FNUMBER"]): entry.company.id for entry in self.erp},
            "oa.PROC-CONTRACT": {
                approval["instance_id"]: contract.company.id for approval, contract in self._approvals
            },
            "new_crm.AccountObj": {},
            "new_crm.PartnerObj": {},
            "new_crm.ContactObj": {},
        }
        for name, row, company, person, _ in self.pilot:
            records[f"new_crm.{name}"][row["_id"]] = person.id if person else company.id
        return records

    def marks(self) -> dict[str, Counter[str]]:
        """How often each kind of mistake was made, by stream."""
        found: dict[str, Counter[str]] = {"legacy_crm.account": Counter(), "erp.partner": Counter()}
        for stream, entries in (("legacy_crm.account", self.legacy.entries), ("erp.partner", self.erp)):
            for entry in entries:
                found[stream].update(entry.marks)
        for name, _, _, _, marks in self.pilot:
            found.setdefault(f"new_crm.{name}", Counter()).update(marks)
        return found

    def truth(self) -> dict[str, Any]:
        """The answer key: records by stream, companies by id, and how often each mistake was made."""
        return {
            "customers": self.customers,
            "seed": self.seed,
            "as_of": self.as_of.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "records": {stream: dict(keys) for stream, keys in self.records.items()},
            "companies": {
                company.id: {
                    "name": company.name,
                    "credit_code": company.credit_code,
                    "region": company.region,
                    "industry": "" if company.head else company.industry,
                    "status": company.status,
                    "point": company.point,
                    "kind": company.kind,
                    "head": company.head,
                    "group": company.group,
                    "roles": sorted(company.roles),
                    "former_names": [former.name for former in company.former],
                    "address": company.address.text if company.address else company.abroad,
                    "country": company.country,
                }
                for company in self.companies
            },
            "persons": {
                person.id: {"name": person.name, "company": company.id}
                for company in self.companies
                for person in company.people
            },
            "mistakes": {stream: dict(sorted(marks.items())) for stream, marks in self.marks().items()},
        }
