"""How each agency writes its files: format, names, and headers that drift from those of its contract."""

from __future__ import annotations

from dataclasses import dataclass

from simulation.contracts import contract

# Other headers in the files of some offices.
_DRIFT = {
    "household_registration": ("身份证号码", "户籍地行政区划代码", "最后更新时间"),
    "residence_permit": ("居住证号", "居住地行政区划代码", "居住地址", "手机号码"),
    "marriage_registration": ("男方身份证号", "女方身份证号", "男方身份证件类型", "结婚证字号"),
    "social_insurance": ("社会保障号码", "险种", "单位名称", "手机号码"),
    "death_registration": ("身份证号", "死亡时间", "死亡证明编号"),
    "market_entity": ("名称", "成立日期", "注册资本", "住所", "社会信用代码", "行政区划", "经营状态"),
    "civil_organisation": ("组织名称", "组织类型", "成立日期", "开办资金"),
    "credit_code_check": ("社会信用代码", "名称"),
    "e_license": ("电子证照标识", "颁发机构", "持证主体名称"),
}
# Sources whose second file has its columns in another order too.
_REORDERED = {"household_registration", "market_entity", "marriage_registration"}


@dataclass(frozen=True)
class Format:
    """How the bytes of a source's files are written."""

    suffix: str
    encoding: str = "utf-8"
    delimiter: str = ","
    line_end: str = "\n"


FORMATS = {
    "household_registration": Format(".csv", "gb18030", line_end="\r\n"),
    "residence_permit": Format(".xlsx"),
    "marriage_registration": Format(".jsonl"),
    "social_insurance": Format(".csv", "utf-8-sig"),
    "death_registration": Format(".parquet"),
    "market_entity": Format(".csv"),
    "civil_organisation": Format(".xlsx"),
    "credit_code_check": Format(".txt", "gb18030", delimiter="|", line_end="\r\n"),
    "e_license": Format(".jsonl"),
}
TITLES = {
    "household_registration": "户籍登记",
    "residence_permit": "居住证",
    "marriage_registration": "婚姻登记",
    "social_insurance": "社保参保",
    "death_registration": "死亡登记",
    "market_entity": "经营主体",
    "civil_organisation": "社会组织",
    "credit_code_check": "统一代码校核",
    "e_license": "电子证照",
}


def layout(source: str, *, drifted: bool) -> dict[str, str]:
    """Physical column → header, in file order."""
    if not drifted:
        return contract(source).headers
    spelled = contract(source).drifted(_DRIFT[source])
    names = list(spelled)
    if source in _REORDERED:
        names = names[3:] + names[:3]
    return {name: spelled[name] for name in names}
