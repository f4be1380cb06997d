"""What is done to a lake and its machine from outside the data's way: measuring, status, maintenance."""
