"""A pretend Qichacha (企查查): fuzzy search, name search, registry face, details, verification, over the register.

Business errors are HTTP 200 with a `Status` of their own (a string). A request carries `Timespan` and `Token` headers;
the token is upper-case MD5 of key + time + secret and lives 300 s. Codes marked valid cost a call of the balance.
Cooperative faults played here: forbid.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from hashlib import md5
from typing import Any, ClassVar

from goldbridge.simulators.kit import Answer, Call, Endpoint, Limit, Refused, SimClock, Simulator, json_answer
from goldbridge.simulators.qichacha.answer import (
    PROVINCES,
    brief_row,
    face,
    fuzzy_row,
    introduction,
    invoice_data,
    verification,
)
from goldbridge.simulators.world import Company, World
from goldbridge.simulators.world.registry import Registry, folded

KEY = "qcc-sandbox-key"
SECRET = "qcc-sandbox-secret"  # noqa: S105 - a fixed, obviously fake word
TOLERANCE_S = 300
PAGE_SIZE = 5
MESSAGES: Mapping[str, str] = {
    "200": "查询成功",
    "201": "查询无结果",
    "202": "查询参数错误",
    "203": "系统查询有异常",
    "204": "必须传入一个参数",
    "206": "省份代码有误",
    "207": "请求数据的条目数超过上限（5000）",
    "208": "此接口不支持此公司类型查询",
    "213": "参数长度不能小于2",
    "214": "您还未购买过该接口",
    "215": "不支持的查询关键字",
    "101": "当前的KEY无效或者还未生效",
    "107": "被禁止的IP或者签名错误",
    "109": "请求超过系统限制",
    "110": "当前相同查询连续出错，请等2小时后重试",
    "111": "接口权限未开通",
    "112": "您的账号剩余使用量已不足或已过期",
    "115": "请求Key异常",
    "116": "总日调用次数已达上限",
    "122": "并发请求超过限制",
    "199": "系统未知错误",
}
_BILLED = frozenset(("200", "201", "202", "205", "207", "208", "209", "213", "215", "110"))
_GENERIC = {"公司", "有限公司", "有限责任公司", "股份有限公司", "集团", "企业", "中国", "科技", "贸易"}
_RETRY_WAIT_S = 7200
_MAX_MISSES = 5
_BEIJING_S = 8 * 3600


class Qichacha(Simulator):
    """A register service over one world.

    `balance`: prepaid calls (None: endless); `daily_quota` calls per Beijing day when the sheet's limits are held;
    `products`: the paths that were bought (None: all); `industry_in_face`: whether the registry face (410) carries the
    industry block, which is a question of what was bought; `max_rows`: a search with more results is refused.
    """

    name = "qichacha"
    sheet_limits: ClassVar[Mapping[str, Limit]] = {"*": Limit(20, 1.0, shared=True)}

    def __init__(
        self,
        world: World,
        *,
        clock: SimClock | None = None,
        limits: str = "roomy",
        seed: int = 0,
        balance: int | None = None,
        daily_quota: int | None = 10_000,
        products: frozenset[str] | None = None,
        industry_in_face: bool = True,
        max_rows: int = 5000,
    ) -> None:
        super().__init__(clock=clock, limits=limits, seed=seed)
        self._registry = Registry(world.companies)
        self._unsupported = {folded(company.name) for company in world.companies if company.country == "HK"}
        self._balance = balance
        self._quota = daily_quota if limits == "sheet" else None
        self._products = products
        self._industry_in_face = industry_in_face
        self._max_rows = max_rows
        self._day = (0, 0)
        self._misses: dict[tuple[str, str], tuple[int, float]] = {}
        self._orders = 0
        self.billed = 0

    def endpoints(self) -> Iterable[Endpoint]:
        services: tuple[tuple[str, Callable[[Call], dict[str, Any]]], ...] = (
            ("/FuzzySearch/GetList", self._fuzzy),
            ("/NameSearch/GetList", self._names),
            ("/ECIV4/GetBasicDetailsByName", lambda call: self._face(call, industry=self._industry_in_face)),
            ("/ECIV4/GetDetailsByName", lambda call: self._face(call, industry=True, older=True)),
            ("/ECIV4/Search", self._fuzzy_older),
            ("/EnterpriseInfo/Verify", lambda call: {"Result": verification(self._one(call, "searchKey"))}),
            ("/ECICreditCode/GetCreditCodeNew", lambda call: {"Result": invoice_data(self._one(call, "keyword"))}),
            (
                "/ECIAdditional/GetBriefIntroduction",
                lambda call: {"Result": introduction(self._one(call, "companyName", "keyword"))},
            ),
        )
        for path, serve in services:
            yield Endpoint("GET", path, self._endpoint(path, serve))

    def refuse(self, code: str, message: str = "", status: int = 0) -> Answer:
        return json_answer({"Status": code, "Message": message or MESSAGES.get(code, "系统未知错误")}, status or 200)

    def throttled(self, after_s: float) -> Answer:
        return self.refuse("122")

    def unknown_path(self, call: Call) -> Answer:
        return self.refuse("111")

    def stats(self) -> dict[str, Any]:
        return {**super().stats(), "billed": self.billed}

    # Gate

    def _endpoint(self, path: str, serve: Callable[[Call], dict[str, Any]]) -> Callable[[Call], Answer]:
        def answer(call: Call) -> Answer:
            self._admit(call)
            if (forbidden := call.fault("forbid")) and forbidden.key in ("", path):
                raise Refused("111")
            if self._products is not None and path not in self._products:
                raise Refused("214")
            question = (path, folded(call.query.get("keyword") or call.query.get("searchKey") or ""))
            self._hold_back(question)
            try:
                found = serve(call)
            except Refused as refusal:
                self._bill(refusal.code)
                if refusal.code == "201":
                    self._missed(question)
                raise
            self._misses.pop(question, None)
            self._bill("200")
            self._orders += 1
            order = f"ECI{self._orders:013d}"
            return json_answer({"Status": "200", "Message": MESSAGES["200"], "OrderNumber": order, **found})

        return answer

    def _admit(self, call: Call) -> None:
        """Key, signature, balance and the day's quota."""
        if call.query.get("key") != KEY:
            raise Refused("101")
        at = call.headers.get("timespan", "")
        if not at.isdigit() or len(at) != 10 or call.headers.get("token") != token(KEY, at, SECRET):
            raise Refused("107")
        if abs(int(at) - self.clock.now()) > TOLERANCE_S:
            raise Refused("115")
        if self._balance is not None and self.billed >= self._balance:
            raise Refused("112")
        day = int((self.clock.now() + _BEIJING_S) // 86_400)
        used = self._day[1] if self._day[0] == day else 0
        if self._quota is not None and used >= self._quota:
            raise Refused("109")
        self._day = (day, used + 1)

    def _hold_back(self, question: tuple[str, str]) -> None:
        """The same question without a result, again and again, is refused for two hours (under the sheet's limits)."""
        count, last = self._misses.get(question, (0, 0.0))
        if count >= _MAX_MISSES and self.clock.now() - last < _RETRY_WAIT_S:
            self._bill("110")
            raise Refused("110")

    def _missed(self, question: tuple[str, str]) -> None:
        if self._quota is not None:
            count, last = self._misses.get(question, (0, 0.0))
            fresh = self.clock.now() - last < _RETRY_WAIT_S
            self._misses[question] = (count + 1 if fresh else 1, self.clock.now())

    def _bill(self, code: str) -> None:
        self.billed += code in _BILLED

    # Services

    def _fuzzy(self, call: Call) -> dict[str, Any]:
        keyword = self._keyword(call, "searchKey")
        province = call.query.get("provinceCode", "")
        if province and province not in PROVINCES.values():
            raise Refused("206")
        found = self._registry.search(keyword)
        if province:
            found = [company for company in found if PROVINCES[company.region[:2]] == province]
        return self._page(call, found, PAGE_SIZE)

    def _fuzzy_older(self, call: Call) -> dict[str, Any]:
        """The older search lets the caller choose the size of a page."""
        size = call.query.get("pageSize", "10")
        if not size.isdigit() or not 1 <= int(size) <= 20:
            raise Refused("202")
        return self._page(call, self._registry.search(self._keyword(call, "keyword")), int(size))

    def _names(self, call: Call) -> dict[str, Any]:
        keyword = self._keyword(call, "searchName", "searchKey")
        found = self._registry.search(keyword)[:PAGE_SIZE]
        if not found:
            raise Refused("201")
        return {"Result": [brief_row(company) for company in found]}

    def _page(self, call: Call, found: list[Company], size: int) -> dict[str, Any]:
        index = call.query.get("pageIndex", "1")
        if not index.isdigit() or int(index) < 1:
            raise Refused("202")
        if not found:
            raise Refused("201")
        if len(found) > self._max_rows:
            raise Refused("207")
        rows = found[(int(index) - 1) * size : int(index) * size]
        if not rows:
            raise Refused("201")
        paging = {"PageSize": size, "PageIndex": int(index), "TotalRecords": len(found)}
        return {"Paging": paging, "Result": [fuzzy_row(company) for company in rows]}

    def _face(self, call: Call, *, industry: bool, older: bool = False) -> dict[str, Any]:
        return {"Result": face(self._one(call, "keyword"), industry=industry, older=older)}

    def _one(self, call: Call, *names: str) -> Company:
        keyword = self._keyword(call, *names)
        if folded(keyword) in self._unsupported:
            raise Refused("208")
        found = self._registry.exact(keyword)
        if found is None:
            raise Refused("201")
        return found

    def _keyword(self, call: Call, *names: str) -> str:
        keyword = next((call.query[name].strip() for name in names if call.query.get(name, "").strip()), "")
        if not keyword:
            raise Refused("204")
        if len(keyword) < 2:
            raise Refused("213")
        if keyword in _GENERIC:
            raise Refused("215")
        return keyword


def token(key: str, timespan: str, secret: str) -> str:
    return md5(f"{key}{timespan}{secret}".encode(), usedforsecurity=False).hexdigest().upper()
