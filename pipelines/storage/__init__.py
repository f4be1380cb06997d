"""Where bytes lie: folders and buckets, what was written through to the disk, scratch, and what their errors mean."""
