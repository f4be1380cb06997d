"""Codes of the standards with the labels that files write, and the spellings of nothing."""

from __future__ import annotations

SEX = {"1": ["男", "男性"], "2": ["女", "女性"]}
ETHNICITY = {
    "01": ["汉族", "汉"],
    "02": ["蒙古族", "蒙古"],
    "03": ["回族", "回"],
    "11": ["满族", "满"],
    "31": ["达斡尔族", "达斡尔"],
    "45": ["鄂温克族", "鄂温克"],
    "52": ["鄂伦春族", "鄂伦春"],
}
ETHNICITY_SHARES = [0.76, 0.2, 0.01, 0.018, 0.006, 0.004, 0.002]
EDUCATION = {
    "10": ["研究生教育", "研究生"],
    "20": ["大学本科", "本科"],
    "30": ["大学专科", "大专"],
    "40": ["中等职业教育", "中专"],
    "60": ["普通高级中学教育", "高中"],
    "70": ["初级中学教育", "初中"],
    "80": ["小学教育", "小学"],
}
MARITAL = {"10": ["未婚", "未婚"], "20": ["已婚", "已婚"], "30": ["丧偶", "丧偶"], "40": ["离婚", "离异"]}
MARRIAGE_EVENT = {
    "1": ["结婚", "结婚登记"],
    "2": ["离婚", "离婚登记"],
    "3": ["补领结婚证", "补发结婚登记证"],
    "5": ["撤销婚姻", "婚姻撤销"],
}
INSURANCE = {
    "110": ["企业职工基本养老保险", "职工养老"],
    "170": ["城乡居民基本养老保险", "居民养老"],
    "210": ["失业保险", "失业"],
    "310": ["职工基本医疗保险", "职工医疗"],
    "390": ["城乡居民基本医疗保险", "居民医疗"],
    "410": ["工伤保险", "工伤"],
}
INSURANCE_STATE = {
    "1": ["参保缴费", "正常"],
    "2": ["暂停缴费", "暂停"],
    "3": ["终止参保", "终止"],
    "4": ["享受待遇", "待遇享受"],
}
ENTITY_STATE = {
    "1": ["存续", "在业", "开业", "正常", "存续（在营、开业、在册）"],
    "2": ["吊销", "吊销，未注销"],
    "3": ["注销", "已注销"],
}
LICENSE_STATE = {
    "01": ["有效"],
    "02": ["暂扣"],
    "03": ["撤销"],
    "04": ["注销", "已注销"],
    "05": ["失效"],
    "06": ["转出"],
    "07": ["吊销"],
    "99": ["其他"],
}
DOCUMENT_TYPE = {
    "111": ["居民身份证", "身份证"],
    "414": ["普通护照", "护照"],
    "511": ["台湾居民来往大陆通行证", "台胞证"],
    "516": ["港澳居民来往内地通行证", "回乡证"],
    "553": ["外国人永久居留身份证", "外国人永久居留证"],
}
HOLDER_CODE_TYPE = {"001": ["统一社会信用代码"], "111": ["公民身份号码", "居民身份证"]}
SUBJECT_CATEGORY = {
    "organisation": ["法人及非法人组织", "法人"],
    "person": ["自然人", "个人"],
    "trader": ["个体工商户", "个体"],
}
LICENCE_CATEGORY = {
    "ordinary": ["普通", "普通许可"],
    "concession": ["特许"],
    "recognition": ["认可"],
    "verification": ["核准"],
    "registration": ["登记"],
}
PUBLICATION_STATE = {"1": ["有效"], "2": ["无效"]}
PENALTY_STATE = {"valid": ["有效", "正常"], "withdrawn": ["撤销", "已撤销"], "repaired": ["已修复", "信用修复"]}
PERFORMANCE = {
    "unperformed": ["全部未履行", "全部未"],
    "partly": ["部分履行", "部分未履行"],
    "performed": ["全部已履行"],
}
CONDUCT = {
    "refusing": ["有履行能力而拒不履行生效法律文书确定义务"],
    "unreported": ["违反财产报告制度"],
    "consuming": ["违反限制消费令", "违反限制高消费令"],
    "evading": ["以虚假诉讼、虚假仲裁或者以隐匿、转移财产等方法规避执行", "规避执行"],
}
CREDIT_LIST = {
    "honoured": ["守信激励", "红名单"],
    "watched": ["重点关注", "重点关注对象"],
    "abnormal": ["经营异常", "经营异常名录"],
    "dishonest": ["严重失信", "黑名单"],
}
NULL_TOKENS = ["N/A", "n/a", "NA", "NULL", "null", "无", "-", "--", "—", "/", " ", "\u3000"]


def label(codes: dict[str, list[str]], code: str | None) -> str:
    """The label that files usually write for a code."""
    return codes[code][0] if code else ""


def other_than(codes: dict[str, list[str]], code: str | None) -> str:
    """Some other code of the list."""
    return next(other for other in codes if other != code)
