"""How each agency lays out its files: headers as printed on its forms, spellings that drift, order, format."""

from __future__ import annotations

from dataclasses import dataclass

FIRST_LAYOUT = {
    "household_registration": {
        "id_number": "公民身份号码",
        "person_name": "姓名",
        "former_name": "曾用名",
        "sex": "性别",
        "ethnicity": "民族",
        "birth_date": "出生日期",
        "native_region": "籍贯",
        "education_level": "文化程度",
        "marital_state": "婚姻状况",
        "workplace": "服务处所",
        "household_number": "户号",
        "relation_to_head": "与户主关系",
        "household_type": "户口类别",
        "household_region": "户籍地区划代码",
        "household_address": "户籍地址",
        "moved_in_on": "何时迁入",
        "registrar": "登记机关",
        "updated_at": "更新时间",
        "operation": "操作标志",
    },
    "residence_permit": {
        "permit_number": "居住证编号",
        "id_number": "公民身份号码",
        "person_name": "姓名",
        "sex": "性别",
        "ethnicity": "民族",
        "household_region": "户籍地区划代码",
        "residence_region": "现居住地区划代码",
        "residence_address": "现居住地址",
        "residence_reason": "居住事由",
        "phone": "联系电话",
        "issuer": "签发机关",
        "issued_on": "签发日期",
        "valid_from": "有效期起",
        "valid_to": "有效期止",
        "updated_at": "更新时间",
    },
    "marriage_registration": {
        "registration_number": "登记证号",
        "marriage_event": "登记类型",
        "registered_on": "登记日期",
        "husband_name": "男方姓名",
        "husband_document_type": "男方证件类型",
        "husband_id": "男方身份证件号",
        "wife_name": "女方姓名",
        "wife_document_type": "女方证件类型",
        "wife_id": "女方身份证件号",
        "registrar": "登记机关",
        "registrar_region": "登记机关区划代码",
        "updated_at": "更新时间",
    },
    "social_insurance": {
        "member_number": "个人编号",
        "id_number": "公民身份号码",
        "person_name": "姓名",
        "insurance_type": "险种类型",
        "state": "参保状态",
        "employer_name": "参保单位名称",
        "employer_code": "参保单位统一社会信用代码",
        "enrolled_on": "首次参保日期",
        "contribution_base": "缴费基数",
        "last_paid_on": "最近缴费日期",
        "benefit_paid_to": "待遇发放至",
        "phone": "联系电话",
        "insured_region": "参保地区划代码",
        "handling_office": "经办机构",
        "updated_at": "更新时间",
    },
    "death_registration": {
        "certificate_number": "死亡证编号",
        "id_number": "公民身份号码",
        "person_name": "姓名",
        "sex": "性别",
        "died_on": "死亡日期",
        "place_of_death": "死亡地点",
        "cause_of_death": "死亡原因",
        "issuer": "签发单位",
        "issued_on": "签发日期",
        "deregistered_on": "户籍注销日期",
        "updated_at": "更新时间",
    },
    "market_entity": {
        "credit_code": "统一社会信用代码",
        "entity_name": "企业名称",
        "entity_type": "企业类型",
        "established_on": "注册日期",
        "registered_capital": "注册资金",
        "business_scope": "经营范围",
        "representative_name": "法定代表人",
        "representative_id": "法定代表人证件号",
        "registrar": "登记机关",
        "state": "登记状态",
        "approved_on": "核准日期",
        "valid_to": "营业期限止",
        "phone": "联系电话",
        "province": "所在省份",
        "registered_region": "地区",
        "registered_address": "注册地址",
        "updated_at": "更新时间",
        "operation": "操作标志",
    },
    "civil_organisation": {
        "credit_code": "统一社会信用代码",
        "entity_name": "社会组织名称",
        "entity_type": "社会组织类型",
        "representative_name": "法定代表人",
        "representative_id": "法定代表人证件号",
        "established_on": "成立登记日期",
        "registered_capital": "注册资金",
        "business_scope": "业务范围",
        "supervisor": "业务主管单位",
        "registrar": "登记管理机关",
        "state": "登记状态",
        "registered_region": "行政区划代码",
        "registered_address": "住所",
        "valid_from": "证书有效期起",
        "valid_to": "证书有效期止",
        "phone": "联系电话",
        "updated_at": "更新时间",
    },
    "credit_code_check": {
        "credit_code": "统一社会信用代码",
        "entity_name": "机构名称",
        "entity_type": "机构类型",
        "code_issuer": "赋码机关",
        "code_issued_on": "赋码日期",
        "state": "机构状态",
        "check_result": "校核结果",
        "checked_on": "校核日期",
        "updated_at": "更新时间",
        "operation": "操作标志",
    },
    "e_license": {
        "license_identifier": "证照标识",
        "type_name": "证照类型名称",
        "type_code": "证照类型代码",
        "license_number": "证照编号",
        "issuer": "证照颁发机构",
        "issuer_code": "证照颁发机构代码",
        "issued_on": "证照颁发日期",
        "valid_from": "证照有效期起始日期",
        "valid_to": "证照有效期截止日期",
        "holder_name": "持证主体",
        "holder_code": "持证主体代码",
        "holder_code_type": "持证主体代码类型",
        "state": "证照状态",
        "updated_at": "更新时间",
        "operation": "操作标志",
    },
}
_DRIFT = {
    "household_registration": {
        "id_number": "身份证号码",
        "household_region": "户籍地行政区划代码",
        "updated_at": "最后更新时间",
    },
    "residence_permit": {
        "permit_number": "居住证号",
        "residence_region": "居住地行政区划代码",
        "residence_address": "居住地址",
        "phone": "手机号码",
    },
    "marriage_registration": {
        "husband_id": "男方身份证号",
        "wife_id": "女方身份证号",
        "husband_document_type": "男方身份证件类型",
        "registration_number": "结婚证字号",
    },
    "social_insurance": {
        "id_number": "社会保障号码",
        "insurance_type": "险种",
        "employer_name": "单位名称",
        "phone": "手机号码",
    },
    "death_registration": {"id_number": "身份证号", "died_on": "死亡时间", "certificate_number": "死亡证明编号"},
    "market_entity": {
        "entity_name": "名称",
        "established_on": "成立日期",
        "registered_capital": "注册资本",
        "registered_address": "住所",
        "credit_code": "社会信用代码",
        "registered_region": "行政区划",
        "state": "经营状态",
    },
    "civil_organisation": {
        "entity_name": "组织名称",
        "entity_type": "组织类型",
        "established_on": "成立日期",
        "registered_capital": "开办资金",
    },
    "credit_code_check": {"credit_code": "社会信用代码", "entity_name": "名称"},
    "e_license": {"license_identifier": "电子证照标识", "issuer": "颁发机构", "holder_name": "持证主体名称"},
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
    plain = FIRST_LAYOUT[source]
    if not drifted:
        return plain
    spelled = {column: _DRIFT[source].get(column, header) for column, header in plain.items()}
    names = list(spelled)
    if source in _REORDERED:
        names = names[3:] + names[:3]
    return {name: spelled[name] for name in names}
