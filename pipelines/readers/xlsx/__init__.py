"""XLSX: the visible sheet that has the declared headers, its cells as the workbook stores them."""

from pipelines.readers.xlsx.delivery import XlsxDelivery

__all__ = ["XlsxDelivery"]
