"""A second reading of cells as sent: what identifiers, dates and amounts say, by arithmetic of its own.

The gate's counts are of values that `pipelines` has normalised; Great Expectations' counts are of what is read here.
So an error of a normaliser is no longer made twice. Nothing of `pipelines` is used. What is meant stands in the
declarations of the elements; how it is computed stands here once, in words that each engine has (`words.py`).

Importing the package alone is cheap.
"""

# The normal forms, as elements declare them, that are read twice, and whether what was sent is asked for beside them.
READ_TWICE = {
    "id_number": False,
    "person_document": False,
    "credit_code": False,
    "upper_code": False,
    "code_text": False,
    "date": True,
    "end_date": True,
    "datetime": True,
    "decimal": True,
    "amount_wan": True,
    "area_mu": True,
    "capital_amount": True,
    "capital_currency": False,
}
