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
MARRIAGE_EVENT = {"1": ["结婚", "结婚登记"], "2": ["离婚", "离婚登记"], "3": ["补领结婚证", "补发结婚登记证"]}
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
NULL_TOKENS = ["N/A", "n/a", "NA", "NULL", "null", "无", "-", "--", "—", "/", " ", "\u3000"]


def label(codes: dict[str, list[str]], code: str | None) -> str:
    """The label that files usually write for a code."""
    return codes[code][0] if code else ""


def other_than(codes: dict[str, list[str]], code: str | None) -> str:
    """Some other code of the list."""
    return next(other for other in codes if other != code)
