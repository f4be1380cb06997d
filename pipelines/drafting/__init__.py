"""A source's contract from a sample file: what its columns are by their headers and values, written as YAML."""

from pipelines.drafting.contract import Draft, Given, draft
from pipelines.drafting.sample import Sample, header_of, read_sample
from pipelines.drafting.writing import shown_titles, to_yaml

__all__ = ["Draft", "Given", "Sample", "draft", "header_of", "read_sample", "shown_titles", "to_yaml"]
