"""What tests share: places to run in, deliveries, small projects, servers, and comparisons of lakes."""
