"""What people would be told of an example request, by the code that tells them."""
