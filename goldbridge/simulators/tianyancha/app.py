"""A pretend Tianyancha (天眼查): search, registry faces, special bodies, changes, over the register.

Business errors are HTTP 200 with `error_code`; the token stands bare in the header `Authorization`. Each interface has
its own limits and is bought for itself. Cooperative faults played here: forbid.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, ClassVar, TypeVar

from goldbridge.simulators.kit import Answer, Call, Endpoint, Limit, Refused, SimClock, Simulator, json_answer
from goldbridge.simulators.tianyancha.answer import changes, face, number, search_line
from goldbridge.simulators.world import Company, World
from goldbridge.simulators.world.registry import Registry, folded

TOKEN = "5a0d4b1e-7f3c-4d2a-9e61-sandboxtoken"  # noqa: S105 - a fixed, obviously fake word
BASE = "/services/open"
REASONS: Mapping[str, str] = {
    "0": "ok",
    "300000": "无数据",
    "300001": "请求失败",
    "300002": "账号失效",
    "300003": "账号过期",
    "300004": "访问频率过快",
    "300005": "无权限访问此api",
    "300006": "余额不足",
    "300007": "剩余次数不足",
    "300008": "缺少必要参数",
    "300009": "账号信息有误",
    "300010": "URL不存在",
    "300011": "此IP无权限访问此api",
    "300012": "报告生成中",
}
_LARGEST_PAGE = 20
Row = TypeVar("Row")


class Tianyancha(Simulator):
    """A register service over one world.

    `balance`: prepaid calls (None: endless); `interfaces`: the paths that were bought, below the base (None: all).
    `asked` counts the calls that the account pays for when every query is charged, `hits` when only answers are.
    """

    name = "tianyancha"
    sheet_limits: ClassVar[Mapping[str, Limit]] = {"*": Limit(60, 60.0)}

    def __init__(
        self,
        world: World,
        *,
        clock: SimClock | None = None,
        limits: str = "roomy",
        seed: int = 0,
        balance: int | None = None,
        interfaces: frozenset[str] | None = None,
    ) -> None:
        super().__init__(clock=clock, limits=limits, seed=seed)
        self._registry = Registry(world.companies)
        self._by_number = {str(number(company)): company for company in self._registry.companies}
        self._by_register = {
            face(company, contacts=False)["regNumber"]: company for company in self._registry.companies
        }
        self._balance = balance
        self._interfaces = interfaces
        self.asked = self.hits = 0

    def endpoints(self) -> Iterable[Endpoint]:
        services: tuple[tuple[str, Callable[[Call], Any]], ...] = (
            ("/search/2.0", self._search),
            ("/ic/baseinfo/normal", lambda call: face(self._company(call), contacts=False)),
            ("/ic/baseinfo/2.0", lambda call: face(self._company(call), contacts=False, text_numbers=True)),
            ("/ic/baseinfoV2/2.0", lambda call: face(self._company(call), contacts=True)),
            ("/ic/baseinfoV3/2.0", lambda call: face(self._company(call), contacts=True)),
            ("/ic/baseinfo/special", lambda call: face(self._company(call, special=True), contacts=False)),
            ("/ic/changeinfo/2.0", self._changes),
        )
        for path, serve in services:
            yield Endpoint("GET", BASE + path, self._endpoint(path, serve))

    def refuse(self, code: str, message: str = "", status: int = 0) -> Answer:
        reason = message or REASONS.get(code, "请求失败")
        return json_answer({"result": None, "reason": reason, "error_code": int(code)}, status or 200)

    def throttled(self, after_s: float) -> Answer:
        return self.refuse("300004")

    def unknown_path(self, call: Call) -> Answer:
        return self.refuse("300010")

    def stats(self) -> dict[str, Any]:
        return {**super().stats(), "asked": self.asked, "hits": self.hits}

    def _endpoint(self, path: str, serve: Callable[[Call], Any]) -> Callable[[Call], Answer]:
        def answer(call: Call) -> Answer:
            if call.headers.get("authorization") != TOKEN:
                raise Refused("300009")
            if (forbidden := call.fault("forbid")) and forbidden.key in ("", path):
                raise Refused("300005")
            if self._interfaces is not None and path not in self._interfaces:
                raise Refused("300005")
            if self._balance is not None and self.asked >= self._balance:
                raise Refused("300006")
            self.asked += 1
            found = serve(call)
            self.hits += 1
            return json_answer({"result": found, "reason": REASONS["0"], "error_code": 0})

        return answer

    def _search(self, call: Call) -> dict[str, Any]:
        word = call.query.get("word", "").strip()
        if not word:
            raise Refused("300008")
        found = self._registry.search(word)
        if not found:
            raise Refused("300000")
        return {"total": len(found), "items": [search_line(company, word) for company in _page(call, found)]}

    def _changes(self, call: Call) -> dict[str, Any]:
        found = changes(self._company(call, either=True))
        if not found:
            raise Refused("300000")
        return {"total": len(found), "items": _page(call, found)}

    def _company(self, call: Call, *, special: bool = False, either: bool = False) -> Company:
        """By full name, id, registration number or code; special bodies have an interface of their own."""
        keyword = call.query.get("keyword", "").strip()
        if not keyword:
            raise Refused("300008")
        found = self._by_number.get(keyword) or self._by_register.get(keyword) or self._registry.exact(folded(keyword))
        if found is None or (not either and (found.kind == "public") is not special):
            raise Refused("300000")
        return found


def _page(call: Call, rows: list[Row]) -> list[Row]:
    page, size = call.query.get("pageNum", "1"), call.query.get("pageSize", "20")
    if not (page.isdigit() and size.isdigit() and int(page) >= 1 and 1 <= int(size) <= _LARGEST_PAGE):
        raise Refused("300008")
    return rows[(int(page) - 1) * int(size) : int(page) * int(size)]
