"""What can be wrong or odd by itself: one module for each kind of value, for records, for versions and for files.

A defect knows no source. Which source gets it, in which column and how often stands in that source's plan.
"""
