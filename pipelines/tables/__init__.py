"""What tables are before they hold a row: places, keys, columns with titles and grades, lineage, how they are shown."""
