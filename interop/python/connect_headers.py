"""Says whether connect-python's Headers are equal although one has a second value."""

from connectrpc.request import Headers

one, two = Headers([("a", "1")]), Headers([("a", "1"), ("a", "2")])
print("equal" if one == two else "different")
